with sends as (

    select * from {{ ref('fct_sends') }}
    where channel = 'sms' and delivery_status <> 'canceled'

),

opt_outs as (

    select * from {{ ref('fct_opt_outs') }}

),

replies as (

    select * from {{ ref('fct_replies') }}

),

messages as (

    select * from {{ ref('dim_messages') }}

),

customers as (

    select * from {{ ref('dim_customers') }}

)

-- An opt-out is the number's, whichever of our senders it was told to, and whoever the customer is.
select
    sends.send_id,
    sends.message_id,
    messages.message_title,
    sends.message_version_id,
    sends.customer_id,
    customers.customer_name,
    opt_outs.number,
    opt_outs.opted_out_by,
    replies.body as opt_out_body,
    sends.delivery_status,
    sends.sent_at,
    opt_outs.opted_out_at,
    opt_outs.opted_in_at
from sends
inner join opt_outs
    on sends.to_number = opt_outs.number
left join replies
    on opt_outs.reply_id = replies.reply_id
left join messages
    on sends.message_id = messages.message_id
left join customers
    on sends.customer_id = customers.customer_id
where
    sends.sent_at > opt_outs.opted_out_at
    and (opt_outs.opted_in_at is null or sends.sent_at < opt_outs.opted_in_at)
