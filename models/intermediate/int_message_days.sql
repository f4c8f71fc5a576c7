-- noqa: disable=layout.indent,aliasing.unused

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ replace_rows(['message_id', 'sent_date', 'channel'], ref('int_send_changes')) }}"
) }}

{{ also_depends_on(['int_send_changes']) }}

with sends as (

    select * from {{ ref('fct_sends') }} as fct_sends
    {%- if not is_full_build() %}
    where
        sent_date in (select sent_date from {{ ref('int_send_changes') }})
        and exists (
            select 1
            from {{ ref('int_send_changes') }} as changes
            where
                fct_sends.message_id = changes.message_id
                and fct_sends.sent_date = changes.sent_date
                and fct_sends.channel = changes.channel
        )
    {%- endif %}

)

select
    message_id,
    sent_date,
    channel,
    count(*) as send_count,
    count(*) filter (where delivery_status <> 'canceled') as sent_count,
    count(*) filter (where delivery_status = 'delivered') as delivered_count,
    count(*) filter (where delivery_status = 'issue') as issue_count,
    count(*) filter (where delivery_status = 'pending') as pending_count,
    count(*) filter (where delivery_status = 'unconfirmed') as unconfirmed_count,
    count(*) filter (where delivery_status = 'canceled') as canceled_count,
    count(*) filter (where delivery_status <> 'canceled' and opened_at is not null) as opened_count,
    count(*) filter (where delivery_status <> 'canceled' and clicked_at is not null) as clicked_count,
    count(*) filter (where delivery_status <> 'canceled' and replied_at is not null) as replied_count,
    count(*) filter (where delivery_status <> 'canceled' and goal_at is not null) as goal_count,
    count(*) filter (where delivery_status <> 'canceled' and unsubscribed_at is not null) as unsubscribed_count,
    count(*) filter (where delivery_status <> 'canceled' and is_engaged) as engaged_count,
    cast(sum(case when delivery_status <> 'canceled' then segment_count end) as bigint) as segment_count,
    min(sent_at) as first_sent_at,
    max(sent_at) as last_sent_at,
    min(delivered_at) as first_delivered_at,
    max(delivered_at) as last_delivered_at,
    {{ value_at_latest('send_id', 'sent_at', 'send_id') }} as last_send_id,
    {{ value_at_latest('sent_title', 'sent_at', 'send_id') }} as last_sent_title
from sends
group by message_id, sent_date, channel
