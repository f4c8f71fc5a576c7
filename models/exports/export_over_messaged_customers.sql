with contacts as (

    select * from {{ ref('rpt_customer_contacts') }}

)

select
    customer_name,
    received_7_days_count,
    sms_received_7_days_count,
    received_28_days_count,
    sms_received_28_days_count,
    received_90_days_count,
    sms_received_90_days_count,
    customer_id
from contacts
where is_over_messaged
