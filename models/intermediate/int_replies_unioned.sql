-- noqa: disable=layout.indent

{{ config(materialized='view') }}

with application_replies as (

    select * from {{ ref('stg_outbound__replies') }}
    where rejection_reason is null

),

unioned as (

    select
        reply_id,
        send_id,
        from_number,
        customer_id,
        channel,
        to_number,
        body,
        provider,
        received_at,
        updated_at,
        'outbound' as source,
        'replies' as table_name,
        content_hash,
        extract_number,
        line_number,
        {{ is_of_new_extract('content_hash', 'outbound', 'replies') }} as is_new
    from application_replies
    {%- for log in carrier_logs('replies', only_loaded=true) %}

    union all

    select
        provider_message_id as reply_id,
        null as send_id,
        from_number,
        null as customer_id,
        channel,
        to_number,
        body,
        '{{ log.source }}' as provider,
        sent_at as received_at,
        updated_at,
        '{{ log.source }}' as source,
        '{{ log.table }}' as table_name,
        content_hash,
        extract_number,
        line_number,
        {{ is_of_new_extract('content_hash', log.source, log.table) }} as is_new
    from {{ ref(log.model) }}
    where rejection_reason is null and not is_outbound
    {%- endfor %}

)

select * from unioned
