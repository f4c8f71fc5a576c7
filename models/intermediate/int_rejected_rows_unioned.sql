-- sqlfluff:exclude_rules:layout.indent

{%- set staged = [
    ('outbound', 'sends', ref('stg_outbound__sends')),
    ('outbound', 'statuses', ref('stg_outbound__statuses')),
    ('outbound', 'replies', ref('stg_outbound__replies')),
    ('twilio', 'messages', ref('stg_twilio__messages')),
    ('twilio', 'status_callbacks', ref('stg_twilio__status_callbacks')),
] -%}

-- Rows that could not be read from their file, and rows that staging set apart.

select
    source,
    table_name,
    file,
    content_hash,
    line_number,
    record,
    reason
from {{ ref('stg_pipeline__rejected_records') }}

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
where rejection_reason is not null
{%- endfor %}
