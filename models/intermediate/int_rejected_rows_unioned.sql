{{ config(materialized='view') }}

-- sqlfluff:exclude_rules:layout.indent

{{ also_depends_on(['stg_pipeline__new_extracts']) }}

-- Of the extracts that this build applies: rows that could not be read from their file, and rows that staging set apart.

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
    '{{ table.source }}' as source,
    '{{ table.table }}' as table_name,
    file,
    content_hash,
    line_number,
    record,
    rejection_reason as reason
from {{ ref(table.model) }}
where rejection_reason is not null and {{ is_of_new_extract('content_hash', table.source, table.table) }}
{%- endfor %}
