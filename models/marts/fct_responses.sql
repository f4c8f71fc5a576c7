with replies as (

    select * from {{ ref('fct_replies') }}

),

messages as (

    select * from {{ ref('dim_messages') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

-- All keywords, and of each customer the first reply that is none and no reaction; one without text, such as a picture,
-- is the first only where the customer wrote no other.
responses as (

    select
        *,
        case when is_keyword then 'keyword' else 'first_response' end as response_type
    from replies
    where
        channel = 'sms'
        and send_channel = 'sms'
        and (is_keyword or not is_reaction)
    qualify
        is_keyword
        or row_number() over (
            partition by message_id, customer_id, is_keyword
            order by coalesce({{ trimmed('body') }}, '') = '', received_at, reply_id
        ) = 1

)

select
    responses.reply_id,
    responses.message_id,
    responses.send_id,
    responses.customer_id,
    messages.message_title,
    customers.customer_name,
    responses.body,
    responses.response_type,
    responses.keyword,
    responses.keyword_group,
    responses.is_opt_out,
    responses.response_seconds,
    responses.sent_at,
    responses.received_at
from responses
left join messages
    on responses.message_id = messages.message_id
left join customers
    on responses.customer_id = customers.customer_id
