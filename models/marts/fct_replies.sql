with replies as (

    select * from {{ ref('int_replies_attributed') }}

)

select
    reply_id,
    message_id,
    send_id,
    customer_id,
    channel,
    from_number,
    to_number,
    body,
    provider,
    keyword,
    keyword_group,
    response_seconds,
    keyword is not null as is_keyword,
    is_waiting,
    received_at
from replies
