-- noqa: disable=layout.indent

{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='customer_id',
    post_hook="delete from {{ this }} where last_send_id is null"
) }}

{{ also_depends_on(['int_send_changes']) }}

-- A build that adds to what is there takes the later of what it knew and what changed. Only for a customer whose latest
-- delivery to a number was taken away are all sends looked through again.

{%- set columns = ['customer_id', 'to_number', 'send_id', 'sent_at'] %}
{%- set is_delivery = "channel = 'sms' and delivery_status = 'delivered'" %}

with
{%- if is_full_build() %}

deliveries as (

    select {{ columns | join(', ') }}
    from {{ ref('fct_sends') }}
    where {{ is_delivery }}

)
{%- else %}

changes as (

    select * from {{ ref('int_send_changes') }}
    where {{ is_delivery }}

),

taken_away as (

    select before.send_id
    from changes as before
    where
        before.change = -1
        and not exists (
            select 1
            from changes as after
            where
                before.send_id = after.send_id
                and before.customer_id = after.customer_id
                and before.to_number is not distinct from after.to_number
                and before.sent_at = after.sent_at
                and after.change = 1
        )

),

known as (

    select
        customer_id,
        to_number,
        last_send_id as send_id,
        last_sent_at as sent_at,
        last_send_id in (select send_id from taken_away) as is_taken_away
    from {{ existing('int_last_deliveries') }}
    where customer_id in (select customer_id from changes)

),

deliveries as (

    select {{ columns | join(', ') }}
    from changes
    where change = 1

    union all

    select {{ columns | join(', ') }}
    from known
    where not is_taken_away

    union all

    select {{ columns | join(', ') }}
    from {{ ref('fct_sends') }}
    where
        {{ is_delivery }}
        and customer_id in (select customer_id from known where is_taken_away)

)
{%- endif %}

select
    customer_id,
    to_number,
    max(sent_at) as last_sent_at,
    {{ value_at_latest('send_id', 'sent_at', 'send_id') }} as last_send_id
from deliveries
group by customer_id, to_number
{%- if not is_full_build() %}

union all

-- Nothing was delivered to the number any more: the row goes when the model is done.
select
    known.customer_id,
    known.to_number,
    null as last_sent_at,
    null as last_send_id
from known
where
    known.is_taken_away
    and not exists (
        select 1
        from deliveries
        where
            known.customer_id = deliveries.customer_id
            and known.to_number is not distinct from deliveries.to_number
    )
{%- endif %}
