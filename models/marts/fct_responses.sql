-- noqa: disable=layout.indent,aliasing.unused

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ replace_rows(['message_id', 'customer_id'], ref('int_response_customers')) }}"
) }}

{{ also_depends_on(['int_response_customers']) }}

with responses as (

    select * from {{ ref('fct_replies') }} as replies
    where
        channel = 'sms'
        and send_channel = 'sms'
        {%- if not is_full_build() %}
        and exists (
            select 1
            from {{ ref('int_response_customers') }} as customers
            where replies.message_id = customers.message_id and replies.customer_id = customers.customer_id
        )
        {%- endif %}

),

keyword_responses as (

    select
        *,
        'keyword' as response_type
    from responses
    where keyword is not null

),

first_responses as (

    select
        *,
        'first_response' as response_type
    from responses
    where keyword is null
    qualify
        row_number() over (
            partition by message_id, customer_id
            order by received_at, reply_id
        ) = 1

),

reported as (

    select * from keyword_responses

    union all

    select * from first_responses

)

select
    reply_id,
    message_id,
    send_id,
    customer_id,
    body,
    response_type,
    keyword,
    keyword_group,
    is_opt_out,
    response_seconds,
    sent_at,
    received_at
from reported
