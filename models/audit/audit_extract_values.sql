-- noqa: disable=layout.indent

{{ config(materialized='incremental', incremental_strategy='append', database=target.get('database')) }}

-- The values of new extracts that nothing can be done with. They are counted here extract by extract, and put together
-- by audit_unusable_values.

{%- set phones = is_phone_channel('channel') %}
{%- set number_fault -%}
    case
            when {{ is_national_number('value') }} then 'national number without DEFAULT_COUNTRY'
            when not {{ is_number('value') }} then 'no phone number'
        end
{%- endset %}
{%- set provider_fault -%}
    case when value not in (select providers.provider from {{ ref('providers') }} as providers) then 'unknown provider' end
{%- endset %}

{%- for relation, source, table_name, column, condition, fault in [
    (ref('stg_outbound__sends'), "'outbound'", "'sends'", 'to_number', phones, number_fault),
    (ref('stg_outbound__sends'), "'outbound'", "'sends'", 'provider', phones, provider_fault),
    (ref('stg_outbound__sends'), "'outbound'", "'sends'", 'price', 'has_unusable_price', "'no price'"),
    (ref('stg_outbound__sends'), "'outbound'", "'sends'", 'segment_count', 'has_unusable_segment_count', "'no count'"),
    (ref('stg_outbound__statuses'), "'outbound'", "'statuses'", 'provider', 'send_id is null', provider_fault),
    (ref('stg_outbound__replies'), "'outbound'", "'replies'", 'from_number', phones, number_fault),
    (ref('stg_outbound__replies'), "'outbound'", "'replies'", 'provider', phones, provider_fault),
    (ref('stg_carriers__log_rows'), 'source', 'table_name', 'to_number', 'is_outbound and ' ~ phones, number_fault),
    (ref('stg_carriers__log_rows'), 'source', 'table_name', 'from_number', 'not is_outbound and ' ~ phones, number_fault),
    (ref('stg_carriers__log_rows'), 'source', 'table_name', 'price', 'has_unusable_price', "'no price'"),
    (ref('stg_carriers__log_rows'), 'source', 'table_name', 'segment_count', 'has_unusable_segment_count', "'no count'"),
] %}
{{ "union all" if not loop.first }}

select
    {{ source }} as source,
    {{ table_name }} as table_name,
    '{{ column }}' as column_name,
    {{ fault }} as fault,
    -- A provider's name is shown; a person's number is not.
    {{ 'value' if column == 'provider' else 'cast(null as string)' }} as example_value,
    extract_number,
    file as example_file,
    min(line_number) as example_line,
    count(*) as row_count
from (
    select
        *,
        {{ column }} as value
    from {{ relation }}
    where {{ condition }} and {{ is_new('extract_number', 'extract_number') }}
) as given
where {{ fault }} is not null
group by 1, 2, 3, 4, 5, 6, 7
{%- endfor %}
