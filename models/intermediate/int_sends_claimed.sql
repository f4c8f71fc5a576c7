{{ config(materialized='view') }}

-- An outbound row of a carrier's log is a send of its own unless a send of the application claims it: by the
-- provider's id, or, where it gives none, by having that id for its own. One with the same id is the application's in
-- any case.

with log_sends as (

    select * from {{ ref('int_sends') }}
    where is_carrier_log

),

application_sends as (

    select * from {{ ref('int_sends') }}
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
