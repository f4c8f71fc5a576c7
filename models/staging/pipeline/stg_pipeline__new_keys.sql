-- noqa: disable=layout.indent,references.keywords

{{ config(materialized='table') }}

{{ also_depends_on(['stg_pipeline__settings']) }}

{%- if is_full_build() %}

select cast(null as varchar) as key
where false

{%- else %}

with new_keys as (

    select cast(null as varchar) as key
    where false
    {%- for source_name, table_name in keyed_tables() %}
    {%- for key in extract_keys(source_name, table_name) %}

    union

    select {{ extract_key(key) }} as key
    from ({{ new_extract_rows(source_name, table_name) }}) as new_rows
    {%- endfor %}
    {%- endfor %}

)

select key from new_keys
where key is not null
{%- endif %}
