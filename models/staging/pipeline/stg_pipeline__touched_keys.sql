-- noqa: disable=layout.indent

{{ config(materialized='table') }}

{{ also_depends_on(['stg_pipeline__settings']) }}

-- Ids of sends, of carriers' messages and of replies whose rows this build works on; none in a full build. A send is
-- touched by its own rows, by statuses, by a carrier's row that it claims, and by the passing of its receipt timeout.

{%- if is_full_build() %}

select
    cast(null as varchar) as key,
    cast(null as boolean) as is_send
where false

{%- else %}

with settings as (

    select * from {{ ref('stg_pipeline__settings') }}

),

new_keys as (

    select cast(null as varchar) as key
    where false
    {%- for node in graph.sources.values() %}
    {%- set is_new = is_of_new_extract('_content_hash', node.source_name, node.name) %}
    {%- for key in extract_keys(node.source_name, node.name) if is_new != 'false' %}

    union

    select {{ extract_key(key) }} as key
    from {{ source(node.source_name, node.name) }}
    where {{ is_new }}
    {%- endfor %}
    {%- endfor %}

),

timed_out as (

    select known_sends.send_id as key
    from {{ existing('fct_sends') }} as known_sends
    cross join settings
    where
        known_sends.delivery_status in ('pending', 'unconfirmed')
        and {{ add_hours('known_sends.sent_at', 'settings.receipt_timeout_hours') }}
        > least(settings.previous_as_of, settings.as_of)
        and {{ add_hours('known_sends.sent_at', 'settings.receipt_timeout_hours') }}
        <= greatest(settings.previous_as_of, settings.as_of)

),

-- The sends of the new rows, under both of their ids ...
first_sends as (

    select
        send_id,
        provider_message_id
    from {{ existing('fct_sends') }} as known_sends
    where send_id in (select key from new_keys) or provider_message_id in (select key from new_keys)

),

first_keys as (

    select key from new_keys
    where key is not null

    union

    select key from timed_out

    union

    select send_id as key from first_sends

    union

    select provider_message_id as key from first_sends
    where provider_message_id is not null

),

-- ... and the sends that share a carrier's message with one of these, since one may claim what another did.
second_sends as (

    select
        send_id,
        provider_message_id
    from {{ existing('fct_sends') }} as known_sends
    where send_id in (select key from first_keys) or provider_message_id in (select key from first_keys)

),

touched as (

    select
        key,
        true as is_send
    from first_keys

    union all

    select
        send_id as key,
        true as is_send
    from second_sends

    union all

    select
        provider_message_id as key,
        false as is_send
    from second_sends
    where provider_message_id is not null

)

select
    key,
    bool_or(is_send) as is_send
from touched
group by key
{%- endif %}
