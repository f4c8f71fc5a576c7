-- noqa: disable=layout.indent

{{ config(materialized='table') }}

{{ also_depends_on(['stg_pipeline__touched_keys']) }}

-- The states that this build makes anew. None in a full build.

select * from {{ ref('int_states_merged') }}
{%- if is_full_build() %}
where false
{%- else %}
where send_id in (select key from {{ ref('stg_pipeline__touched_keys') }})
{%- endif %}
