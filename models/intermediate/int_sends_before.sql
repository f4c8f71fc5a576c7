-- noqa: disable=layout.indent

{{ config(materialized='table') }}

{{ also_depends_on(['stg_pipeline__touched_keys', 'int_replies_before', 'int_replies_attributed']) }}

-- The sends that this build writes anew, as the last build left them: those touched, and those whose replies changed.
-- None in a full build.

{%- if is_full_build() %}

select
    cast(null as varchar) as send_id,
    cast(null as boolean) as is_touched
where false

{%- else %}

with changed as (

    select key as send_id
    from {{ ref('stg_pipeline__touched_keys') }}
    where is_send

    union

    select send_id
    from {{ ref('int_replies_before') }}
    where send_id is not null

    union

    select send_id
    from {{ ref('int_replies_attributed') }}
    where send_id is not null

)

select
    *,
    send_id in (select key from {{ ref('stg_pipeline__touched_keys') }} where is_send) as is_touched
from {{ existing('fct_sends') }}
where send_id in (select send_id from changed)
{%- endif %}
