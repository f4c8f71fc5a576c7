with days as (

    select * from {{ ref('int_message_days') }}

)

select
    message_id,
    last_sent_title as message_title,
    channel
from days
qualify
    row_number() over (
        partition by message_id
        order by last_sent_at desc, last_send_id desc
    ) = 1
