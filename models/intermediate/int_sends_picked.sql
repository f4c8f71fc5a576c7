-- noqa: disable=layout.indent,structure.column_order

{{ config(materialized='view') }}

{{ also_depends_on(['stg_pipeline__touched_keys']) }}

{%- set columns = [
    'send_id', 'message_id', 'customer_id', 'channel', 'message_title', 'message_version_id', 'series_id',
    'series_title', 'node_id', 'customer_external_id', 'customer_name', 'customer_email', 'company_id', 'to_number',
    'from_number', 'body', 'segment_count', 'price', 'currency_code', 'provider', 'provider_message_id', 'sent_at',
    'updated_at', 'is_carrier_log', 'source', 'table_name',
] %}

select
    {%- for column in columns %}
    {{ column }}{{ "," if not loop.last }}
    {%- endfor %}
from {{ ref('int_sends_unioned') }} as candidates
where
    not exists (
        select 1
        from {{ ref('int_sends_repeated') }} as repeated
        where
            candidates.send_id = repeated.send_id
            and candidates.is_carrier_log = repeated.is_carrier_log
    )
    {%- if not is_full_build() %}
    and send_id in (select key from {{ ref('stg_pipeline__touched_keys') }} where is_send)
    {%- endif %}

union all

select
    {%- for column in columns %}
    {{ column }}{{ "," if not loop.last }}
    {%- endfor %}
from {{ ref('int_sends_repeated') }}
