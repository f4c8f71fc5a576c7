with responses as (

    select * from {{ ref('fct_responses') }}

),

settings as (

    select * from {{ ref('stg_pipeline__settings') }}

)

select
    {{ csv_text('responses.reply_id') }} as reply_id,
    {{ csv_text('responses.message_id') }} as message_id,
    {{ csv_text('responses.message_title') }} as message_title,
    {{ csv_text('responses.send_id') }} as send_id,
    {{ csv_text('responses.customer_id') }} as customer_id,
    {{ csv_text('responses.body') }} as body,
    responses.response_type,
    {{ csv_text('responses.keyword') }} as keyword,
    {{ csv_text('responses.keyword_group') }} as keyword_group,
    responses.response_seconds,
    {{ iso_8601('responses.sent_at') }} as sent_at,
    {{ iso_8601('responses.received_at') }} as received_at
from responses
cross join settings
where
    responses.sent_at > {{ add_days('settings.as_of', '-settings.output_days') }}
    and responses.sent_at <= settings.as_of
