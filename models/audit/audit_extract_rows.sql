-- noqa: disable=layout.indent

{{ config(materialized='incremental', incremental_strategy='append', database=target.get('database')) }}

-- The rows of new extracts that were set apart, beside a row for each extract, which tells that it was looked through.

with extracts as (

    select * from {{ ref('stg_pipeline__loads') }}
    where
        outcome = 'loaded'
        and {{ is_new('extract_number', 'extract_number') }}

),

read_rows as (

    select
        source,
        table_name,
        sum(row_count - rejected_count - erased_count) as row_count
    from {{ ref('stg_pipeline__loads') }}
    where
        outcome = 'loaded'
        and extract_number <= (select settings.last_extract_number from {{ ref('stg_pipeline__settings') }} as settings)
    group by source, table_name

),

-- Only extracts of tables of which fewer rows were taken than read are searched: most have no row to set apart.
searched_extracts as (

    select extracts.extract_number
    from extracts
    inner join read_rows
        on extracts.source = read_rows.source and extracts.table_name = read_rows.table_name
    left join {{ ref('audit_folded_rows') }} as folded
        on extracts.source = folded.source and extracts.table_name = folded.table_name
    {%- if is_incremental() %}
    left join (
        select
            source,
            table_name,
            count(*) as row_count
        from {{ this }}
        where is_staged
        group by source, table_name
    ) as known
        on extracts.source = known.source and extracts.table_name = known.table_name
    {%- endif %}
    where
        read_rows.row_count - coalesce(folded.folded_count, 0)
        <> {% if is_incremental() %}coalesce(known.row_count, 0){% else %}0{% endif %}

)

select
    source,
    table_name,
    extract_number,
    file,
    content_hash,
    cast(null as bigint) as line_number,
    cast(null as string) as record,
    cast(null as string) as reason,
    false as is_staged
from extracts

union all

select
    extracts.source,
    extracts.table_name,
    extracts.extract_number,
    records.file,
    records.content_hash,
    records.line_number,
    records.record,
    records.reason,
    false as is_staged
from {{ ref('stg_pipeline__rejected_records') }} as records
inner join extracts
    on
        records.source = extracts.source
        and records.table_name = extracts.table_name
        and records.content_hash = extracts.content_hash
{%- for relation, source, table_name in [
    (ref('stg_outbound__sends'), "'outbound'", "'sends'"),
    (ref('stg_outbound__statuses'), "'outbound'", "'statuses'"),
    (ref('stg_outbound__replies'), "'outbound'", "'replies'"),
    (ref('stg_carriers__log_rows'), 'source', 'table_name'),
] %}

union all

select
    {{ source }} as source,
    {{ table_name }} as table_name,
    extract_number,
    file,
    content_hash,
    line_number,
    record,
    rejection_reason as reason,
    true as is_staged
from {{ relation }}
where
    rejection_reason is not null
    and {{ is_new('extract_number', 'extract_number') }}
    -- Where no extract is searched, this has the scan skip all files.
    and extract_number <= (select coalesce(max(searched.extract_number), 0) from searched_extracts as searched)
    and extract_number in (select searched.extract_number from searched_extracts as searched)
{%- endfor %}
