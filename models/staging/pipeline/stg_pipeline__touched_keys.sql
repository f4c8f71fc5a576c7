-- noqa: disable=layout.indent,references.keywords

{{ config(materialized='table', post_hook="{{ reread_extracts() }}") }}

{{ also_depends_on([
    'int_touched_sends', 'stg_pipeline__new_keys', 'stg_pipeline__new_extracts', 'stg_pipeline__loads',
]) }}

-- Ids of sends, of carriers' messages and of replies whose rows this build works on; none in a full build.

{%- if is_full_build() %}

select
    cast(null as varchar) as key,
    cast(null as boolean) as is_send
where false

{%- else %}

with touched as (

    select
        key,
        true as is_send
    from {{ ref('stg_pipeline__new_keys') }}

    union all

    select
        send_id as key,
        true as is_send
    from {{ ref('int_touched_sends') }}

    union all

    select
        provider_message_id as key,
        not is_shared as is_send
    from {{ ref('int_touched_sends') }}
    where provider_message_id is not null

)

select
    key,
    bool_or(is_send) as is_send
from touched
group by key
{%- endif %}
