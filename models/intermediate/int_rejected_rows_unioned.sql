{{ config(materialized='view') }}

-- noqa: disable=layout.indent,aliasing.unused

{{ also_depends_on(['stg_pipeline__new_extracts', 'int_row_places']) }}

-- Of the extracts that this build applies: rows that could not be read from their file, and rows that staging
-- set apart. A table whose rows are all accounted for elsewhere has none of the latter and is not searched.

with searched_tables as (

    select
        loads.source,
        loads.table_name
    from {{ ref('stg_pipeline__loads') }} as loads
    left join {{ ref('int_row_places') }} as places
        on
            loads.source = places.source
            and loads.table_name = places.table_name
    where loads.outcome = 'loaded'
    group by loads.source, loads.table_name, places.row_count
    having sum(loads.row_count - loads.rejected_count) <> coalesce(places.row_count, 0)

)

select
    source,
    table_name,
    file,
    content_hash,
    line_number,
    record,
    reason
from {{ ref('stg_pipeline__rejected_records') }} as records
{%- if not is_full_build() %}
where exists (
    select 1
    from {{ ref('stg_pipeline__new_extracts') }} as extracts
    where
        records.source = extracts.source
        and records.table_name = extracts.table_name
        and records.content_hash = extracts.content_hash
)
{%- endif %}

{%- for table in extract_tables(only_loaded=true) %}

union all

select
    searched_tables.source,
    searched_tables.table_name,
    staged.file,
    staged.content_hash,
    staged.line_number,
    staged.record,
    staged.rejection_reason as reason
from {{ ref(table.model) }} as staged
inner join searched_tables
    on
        searched_tables.source = '{{ table.source }}'
        and searched_tables.table_name = '{{ table.table }}'
where
    staged.rejection_reason is not null
    and {{ is_of_new_extract('staged.content_hash', table.source, table.table) }}
{%- endfor %}
