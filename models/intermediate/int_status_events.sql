{%- set columns = [
    'send_id', 'provider', 'provider_message_id', 'recipient', 'part', 'status', 'error_code', 'error_code_space',
    'error_message', 'occurred_at', 'is_carrier_log', 'source', 'table_name',
] -%}

{{ config(materialized='incremental', incremental_strategy='append') }}

-- The statuses that are more than a step on the way: issues, whose code must be explained, and what customers did.
-- Each stands once, however often it comes.

with new_events as (

    select
        {{ column_list(columns, indent=8) }},
        min(extract_number) as _extract_number
    from {{ ref('stg_unioned__statuses') }}
    where
        status not in {{ sending_statuses() }}
        and {{ is_new('extract_number', '_extract_number') }}
    group by {{ columns | join(', ') }}

)

select
    {{ column_list(columns) }},
    _extract_number
from new_events
{%- if is_incremental() %}
where not exists (
    select 1
    from {{ this }} as known
    where
        {%- for column in columns %}
        {{ "and " if not loop.first }}new_events.{{ column }} is not distinct from known.{{ column }}
        {%- endfor %}
)
{%- endif %}
