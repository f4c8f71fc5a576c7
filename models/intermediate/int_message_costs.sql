-- noqa: disable=layout.indent

{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['message_id', 'currency_key'],
    post_hook="delete from {{ this }} where priced_count = 0"
) }}

{{ also_depends_on(['int_send_changes', 'fct_sends']) }}

-- What each message's SMS cost, by currency; a sum, so that it can be added to.

with prices as (

    {%- if is_full_build() %}

    select
        message_id,
        coalesce(currency_code, '') as currency_key,
        1 as change,
        abs(price) as cost
    from {{ ref('fct_sends') }}
    where channel = 'sms' and price is not null

    {%- else %}

    select
        message_id,
        coalesce(currency_code, '') as currency_key,
        change,
        change * abs(price) as cost
    from {{ ref('int_send_changes') }}
    where channel = 'sms' and price is not null

    union all

    select
        message_id,
        currency_key,
        priced_count as change,
        cost
    from {{ existing('int_message_costs') }}
    where message_id in (select message_id from {{ ref('int_send_changes') }})
    {%- endif %}

)

select
    message_id,
    currency_key,
    cast(sum(change) as bigint) as priced_count,
    cast(sum(cost) as decimal(38, 6)) as cost
from prices
group by message_id, currency_key
