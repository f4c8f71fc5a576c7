-- noqa: disable=layout.indent

{{ config(materialized='incremental', incremental_strategy='append', database=target.get('database')) }}

{%- set phones = is_phone_channel('channel') %}
{#- What is wrong with a value of a column. -#}
{%- set faults = {
    'status': "'unknown word'",
    'provider': 'case when provider not in (select providers.provider from ' ~ ref('providers') ~ " as providers)"
        ~ " then 'unknown provider' end",
    'price': "'no price'",
    'segment_count': "'no count'",
} %}
{%- for number in ['to_number', 'from_number'] %}
{%- do faults.update({number: 'case when ' ~ is_national_number(number)
    ~ " then 'national number without DEFAULT_COUNTRY' when not " ~ is_number(number) ~ " then 'no phone number' end"}) %}
{%- endfor %}
{#- What is shown of a relation's rows, in which of them a column has to be right, whether prices and counts are. -#}
{%- set relations = [
    (ref('stg_outbound__sends'), "'outbound'", "'sends'", 'provider', {
        'to_number': phones,
        'provider': phones,
        'price': 'has_unusable_price',
        'segment_count': 'has_unusable_segment_count',
    }),
    (ref('stg_outbound__statuses'), "'outbound'", "'statuses'", 'provider', {'provider': 'send_id is null'}),
    (ref('stg_outbound__replies'), "'outbound'", "'replies'", 'provider', {'from_number': phones, 'provider': phones}),
    (ref('stg_carriers__log_rows'), 'source', 'table_name', 'cast(null as string)', {
        'to_number': 'is_outbound and ' ~ phones,
        'from_number': 'not is_outbound and ' ~ phones,
        'price': 'has_unusable_price',
        'segment_count': 'has_unusable_segment_count',
    }),
    (ref('stg_carriers__recipients'), 'source', 'table_name', 'unknown_status', {'status': 'unknown_status is not null'}),
] %}

-- The values of new extracts that nothing can be done with, beside a row for each extract, which tells that it was
-- looked through. They are counted here extract by extract, and put together by audit_unusable_values.

with looked_through as (
    {%- for relation, source, table_name, shown_value, conditions in relations %}
    {{ "union all" if not loop.first }}

    select
        {{ source }} as source,
        {{ table_name }} as table_name,
        extract_number,
        file,
        line_number,
        {{ shown_value }} as shown_value,
        {%- for column in faults %}
        {%- if column in conditions %}
        case when {{ conditions[column] }} then {{ faults[column] }} end as {{ column }}_fault
        {%- else %}
        cast(null as string) as {{ column }}_fault
        {%- endif %}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ relation }}
    where {{ is_new('extract_number', 'extract_number') }}
    {%- endfor %}

),

columns as (
    {%- for column in faults %}
    {{ "union all" if not loop.first }}
    select '{{ column }}' as column_name
    {%- endfor %}

),

given as (

    select
        looked_through.*,
        columns.column_name,
        case columns.column_name
            {%- for column in faults %}
            when '{{ column }}' then looked_through.{{ column }}_fault
            {%- endfor %}
        end as fault
    from looked_through
    cross join columns
    where coalesce({{ faults | join('_fault, ') }}_fault) is not null

)

select
    source,
    table_name,
    column_name,
    fault,
    -- A provider's name and words are shown; a person's number is not.
    case when column_name in ('provider', 'status') then shown_value end as example_value,
    extract_number,
    file as example_file,
    min(line_number) as example_line,
    count(*) as row_count
from given
where fault is not null
group by 1, 2, 3, 4, 5, 6, 7

union all

select
    source,
    table_name,
    cast(null as string) as column_name,
    cast(null as string) as fault,
    cast(null as string) as example_value,
    extract_number,
    file as example_file,
    cast(null as bigint) as example_line,
    0 as row_count
from {{ ref('stg_pipeline__loads') }}
where outcome = 'loaded' and {{ is_new('extract_number', 'extract_number') }}
