with responses as (

    select * from {{ ref('int_replies_attributed') }}
    where channel = 'sms' and send_channel = 'sms'

),

keyword_responses as (

    select
        *,
        'keyword' as response_type
    from responses
    where keyword is not null

),

first_responses as (

    select
        *,
        'first_response' as response_type
    from responses
    where keyword is null
    qualify
        row_number() over (
            partition by message_id, customer_id
            order by received_at, reply_id
        ) = 1

),

reported as (

    select * from keyword_responses

    union all

    select * from first_responses

)

select
    reply_id,
    message_id,
    send_id,
    customer_id,
    body,
    response_type,
    keyword,
    keyword_group,
    is_opt_out,
    response_seconds,
    sent_at,
    received_at
from reported
