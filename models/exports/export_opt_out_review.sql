with replies as (

    select * from {{ ref('fct_replies') }}

),

sends as (

    select * from {{ ref('fct_sends') }}

),

messages as (

    select * from {{ ref('dim_messages') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

),

settings as (

    select * from {{ ref('stg_pipeline__settings') }}

),

to_review as (

    select replies.*
    from replies
    cross join settings
    where
        replies.is_possible_opt_out
        and not replies.is_opt_out
        and {{ is_in_output_days('replies.received_at') }}

),

-- What is known of the same person otherwise: by the customer, and by the number that wrote.
known as (

    select
        to_review.reply_id,
        true as is_provider_blocked,
        false as is_opted_out_by_keyword
    from to_review
    inner join sends
        on to_review.customer_id = sends.customer_id
    where sends.issue_reason_id = 'recipient_unsubscribed'

    union all

    select
        to_review.reply_id,
        true as is_provider_blocked,
        false as is_opted_out_by_keyword
    from to_review
    inner join sends
        on to_review.from_number = sends.to_number
    where sends.issue_reason_id = 'recipient_unsubscribed'

    union all

    select
        to_review.reply_id,
        false as is_provider_blocked,
        true as is_opted_out_by_keyword
    from to_review
    inner join replies
        on to_review.customer_id = replies.customer_id
    where replies.is_opt_out

    union all

    select
        to_review.reply_id,
        false as is_provider_blocked,
        true as is_opted_out_by_keyword
    from to_review
    inner join replies
        on to_review.from_number = replies.from_number
    where replies.is_opt_out

),

known_of_replies as (

    select
        reply_id,
        bool_or(is_provider_blocked) as is_provider_blocked,
        bool_or(is_opted_out_by_keyword) as is_opted_out_by_keyword
    from known
    group by reply_id

)

select
    messages.message_title,
    customers.customer_name,
    to_review.channel,
    to_review.from_number,
    to_review.received_at,
    to_review.body,
    coalesce(known_of_replies.is_provider_blocked, false) as is_provider_blocked,
    coalesce(known_of_replies.is_opted_out_by_keyword, false) as is_opted_out_by_keyword,
    to_review.to_number,
    to_review.sent_at,
    to_review.message_id,
    to_review.customer_id,
    to_review.send_id,
    to_review.reply_id
from to_review
left join messages
    on to_review.message_id = messages.message_id
left join customers
    on to_review.customer_id = customers.customer_id
left join known_of_replies
    on to_review.reply_id = known_of_replies.reply_id
