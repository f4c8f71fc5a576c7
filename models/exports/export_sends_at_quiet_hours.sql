with sends as (

    select * from {{ ref('rpt_sends_at_quiet_hours') }}

),

messages as (

    select * from {{ ref('dim_messages') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

settings as (

    select * from {{ ref('stg_pipeline__settings') }}

)

select
    messages.message_title,
    customers.customer_name,
    sends.number,
    sends.country_code,
    sends.local_time,
    sends.time_zone,
    sends.time_zone_count,
    sends.sent_at,
    sends.message_id,
    sends.customer_id,
    sends.send_id
from sends
cross join settings
left join messages
    on sends.message_id = messages.message_id
left join customers
    on sends.customer_id = customers.customer_id
where
    {{ is_in_output_days('sends.sent_at') }}
