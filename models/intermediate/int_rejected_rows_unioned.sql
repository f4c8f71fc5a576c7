{{ config(materialized='view') }}

-- noqa: disable=layout.indent,aliasing.unused

{{ also_depends_on(['stg_pipeline__new_extracts', 'stg_pipeline__loads', 'int_row_places']) }}

-- Of the extracts that this build applies: rows that could not be read from their file, and rows that staging
-- set apart. A table whose rows are all accounted for elsewhere has none of the latter and is not searched.

{%- set searched = tables_with_unplaced_rows() %}

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

{%- for table in extract_tables(only_loaded=true) if searched is none or table.source ~ '/' ~ table.table in searched %}

union all

select
    '{{ table.source }}' as source,
    '{{ table.table }}' as table_name,
    file,
    content_hash,
    line_number,
    record,
    rejection_reason as reason
from {{ ref(table.model) }}
where
    rejection_reason is not null
    and {{ is_of_new_extract('content_hash', table.source, table.table) }}
{%- endfor %}
