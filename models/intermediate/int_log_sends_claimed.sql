-- noqa: disable=layout.indent

with log_sends as (

    select
        send_id,
        provider,
        provider_message_id
    from {{ ref('int_sends_picked') }}
    where
        is_carrier_log
        {%- if not carrier_logs('sends', only_loaded=true) %}
        -- No log was loaded, so the sends need not be looked through.
        and false
        {%- endif %}

),

application_sends as (

    select
        send_id,
        provider,
        provider_message_id
    from {{ ref('int_sends_picked') }}
    where not is_carrier_log

)

select log_sends.send_id
from log_sends
inner join application_sends
    on log_sends.provider_message_id = application_sends.provider_message_id
where coalesce(application_sends.provider, log_sends.provider) = log_sends.provider

union

select log_sends.send_id
from log_sends
inner join application_sends
    on log_sends.send_id = application_sends.send_id
