with sends as (

    select * from {{ ref('rpt_sends_after_opt_out') }}

),

settings as (

    select * from {{ ref('stg_pipeline__settings') }}

)

select
    sends.customer_name,
    sends.number,
    sends.opted_out_at,
    sends.opted_out_by,
    sends.opt_out_body,
    sends.message_title,
    sends.message_version_id,
    sends.sent_body,
    sends.sent_at,
    sends.delivery_status,
    sends.opted_in_at,
    sends.message_id,
    sends.customer_id,
    sends.send_id
from sends
cross join settings
where
    {{ is_in_output_days('sends.sent_at') }}
