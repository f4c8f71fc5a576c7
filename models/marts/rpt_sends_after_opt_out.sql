with sends as (

    select * from {{ ref('fct_sends') }}
    where channel = 'sms' and delivery_status <> 'canceled'

),

opt_outs as (

    select * from {{ ref('fct_opt_outs') }}

),

texts as (

    select * from {{ ref('int_sends') }}

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
    coalesce(application_texts.body, log_texts.body) as sent_body,
    sends.delivery_status,
    sends.sent_at,
    opt_outs.opted_out_at,
    opt_outs.opted_in_at
from sends
inner join opt_outs
    on sends.to_number = opt_outs.number
left join replies
    on opt_outs.reply_id = replies.reply_id
-- The text is the application's, else that of the carrier's log that the send claims.
left join texts as application_texts
    on sends.send_id = application_texts.send_id and not application_texts.is_carrier_log
left join texts as log_texts
    on
        coalesce(sends.provider_message_id, sends.send_id) = log_texts.send_id
        and log_texts.is_carrier_log
        and coalesce(sends.provider, log_texts.provider) = log_texts.provider
left join messages
    on sends.message_id = messages.message_id
left join customers
    on sends.customer_id = customers.customer_id
where
    sends.sent_at > opt_outs.opted_out_at
    and (opt_outs.opted_in_at is null or sends.sent_at < opt_outs.opted_in_at)
