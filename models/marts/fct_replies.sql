{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ replace_rows('reply_id', ref('int_replies_before')) }}"
) }}

with replies as (

    select * from {{ ref('int_replies_attributed') }}

)

select
    reply_id,
    message_id,
    send_id,
    customer_id,
    channel,
    send_channel,
    from_number,
    to_number,
    body,
    provider,
    keyword,
    keyword_group,
    response_seconds,
    keyword is not null as is_keyword,
    is_opt_out,
    is_possible_opt_out,
    is_waiting,
    sent_at,
    received_at,
    source,
    table_name
from replies
