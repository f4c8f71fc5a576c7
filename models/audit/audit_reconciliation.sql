-- noqa: disable=layout.indent

-- Every row read ends in exactly one place. Each number is counted where it is: rows read in the loader's ledger,
-- rejected rows in their table, rows in the marts and waiting rows from the facts. What is left is unexplained.

with loads as (

    select * from {{ ref('audit_loads') }}
    where outcome in ('loaded', 'duplicate')

),

extract_tables as (
    {%- for table in extract_tables() %}

    select
        '{{ table.source }}' as source,
        '{{ table.table }}' as table_name
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

read_rows as (

    select
        source,
        table_name,
        sum(row_count) as read_count,
        sum(case when outcome = 'duplicate' then row_count else 0 end) as copied_count
    from loads
    group by source, table_name

),

rejected_rows as (

    select
        source,
        table_name,
        count(*) as rejected_count
    from {{ ref('audit_rejected_rows') }}
    group by source, table_name

),

places as (

    select * from {{ ref('int_row_places') }}

),

counted as (

    select
        extract_tables.source,
        extract_tables.table_name,
        cast(coalesce(read_rows.read_count, 0) as bigint) as read_count,
        cast(coalesce(rejected_rows.rejected_count, 0) as bigint) as rejected_count,
        cast(
            coalesce(places.row_count - places.in_marts_count - places.waiting_count, 0)
            + coalesce(read_rows.copied_count, 0) as bigint
        ) as duplicate_count,
        cast(coalesce(places.in_marts_count, 0) as bigint) as in_marts_count,
        cast(coalesce(places.waiting_count, 0) as bigint) as waiting_count
    from extract_tables
    left join read_rows
        on
            extract_tables.source = read_rows.source
            and extract_tables.table_name = read_rows.table_name
    left join rejected_rows
        on
            extract_tables.source = rejected_rows.source
            and extract_tables.table_name = rejected_rows.table_name
    left join places
        on
            extract_tables.source = places.source
            and extract_tables.table_name = places.table_name

)

select
    source,
    table_name,
    read_count,
    rejected_count,
    duplicate_count,
    in_marts_count,
    waiting_count,
    read_count - rejected_count - duplicate_count - in_marts_count - waiting_count as unexplained_count
from counted
