with described as (

    select * from {{ ref('int_described_messages') }}

),

-- A message that only a carrier's log knows has no title; its channel is that of its latest send.
log_messages as (

    select
        message_id,
        {{ value_at_latest('channel', 'sent_at', 'send_id') }} as channel
    from {{ ref('fct_sends') }}
    where is_carrier_log
    group by message_id

)

select
    described.message_id,
    described.latest_titled_row.message_title,
    described.latest_row.channel,
    nullif(described.latest_titled_row.series_id, '') as series_id,
    nullif(described.latest_titled_row.series_title, '') as series_title
from described

union all

select
    log_messages.message_id,
    cast(null as string) as message_title,
    log_messages.channel,
    cast(null as string) as series_id,
    cast(null as string) as series_title
from log_messages
left join described
    on log_messages.message_id = described.message_id
where described.message_id is null
