with responses as (

    select * from {{ ref('fct_responses') }}

),

settings as (

    select * from {{ ref('stg_pipeline__settings') }}

)

select
    responses.message_title,
    responses.customer_name,
    responses.received_at,
    responses.body,
    responses.response_type,
    responses.keyword,
    responses.keyword_group,
    responses.response_seconds,
    responses.sent_at,
    responses.message_id,
    responses.customer_id,
    responses.send_id,
    responses.reply_id
from responses
cross join settings
where
    {{ is_in_output_days('responses.sent_at') }}
