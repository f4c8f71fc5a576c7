{{ config(materialized='view') }}

-- A row of a carrier's log is a send of its own unless a send of the application claims it.

with picked as (

    select
        *,
        case when channel = 'sms' then {{ text_kind('body') }} end as text_kind
    from {{ ref('int_sends_picked') }}

),

claimed as (

    select * from {{ ref('int_log_sends_claimed') }}

)

select
    picked.send_id,
    picked.message_id,
    picked.customer_id,
    picked.channel,
    picked.message_title,
    picked.message_version_id,
    picked.series_id,
    picked.series_title,
    picked.node_id,
    picked.customer_external_id,
    picked.customer_name,
    picked.customer_email,
    picked.company_id,
    picked.to_number,
    picked.from_number,
    length(picked.body) > {{ var('longest_body_characters') }} as is_too_long,
    picked.currency_code,
    picked.provider,
    picked.provider_message_id,
    case picked.text_kind
        when 'ucs2' then 'ucs2'
        when 'basic' then 'gsm7'
        when 'extended' then 'gsm7'
    end as encoding,
    picked.segment_count as reported_segment_count,
    case
        when picked.text_kind is not null then {{ segment_count('picked.body', 'picked.text_kind') }}
    end as computed_segment_count,
    picked.price,
    picked.sent_at,
    picked.updated_at,
    picked.is_carrier_log,
    picked.source,
    picked.table_name
from picked
left join claimed
    on
        picked.send_id = claimed.send_id
        and picked.is_carrier_log
where claimed.send_id is null
