with sends as (

    select * from {{ ref('int_sends_stated') }}

),

latest_times as (

    select
        message_id,
        max(sent_at) as last_sent_at
    from sends
    group by message_id

)

select
    sends.message_id,
    sends.sent_title as message_title,
    sends.channel
from sends
inner join latest_times
    on
        sends.message_id = latest_times.message_id
        and sends.sent_at = latest_times.last_sent_at
qualify
    row_number() over (
        partition by sends.message_id
        order by sends.send_id desc
    ) = 1
