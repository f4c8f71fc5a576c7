{{ config(materialized='view') }}

-- noqa: disable=layout.indent,aliasing.unused

{%- set staged = [
    ('outbound', 'sends', ref('stg_outbound__sends')),
    ('outbound', 'statuses', ref('stg_outbound__statuses')),
    ('outbound', 'replies', ref('stg_outbound__replies')),
    ('twilio', 'messages', ref('stg_twilio__messages')),
    ('twilio', 'status_callbacks', ref('stg_twilio__status_callbacks')),
] -%}

{{ also_depends_on(['stg_pipeline__new_extracts']) }}

-- Of the extracts that this build applies: rows that could not be read from their file, and rows that staging
-- set apart.

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

{%- for source, table_name, relation in staged %}

union all

select
    '{{ source }}' as source,
    '{{ table_name }}' as table_name,
    file,
    content_hash,
    line_number,
    record,
    rejection_reason as reason
from {{ relation }}
where rejection_reason is not null and {{ is_of_new_extract('content_hash', source, table_name) }}
{%- endfor %}
