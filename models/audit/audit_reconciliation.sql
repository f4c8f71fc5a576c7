-- noqa: disable=layout.indent

-- Every row read ends in exactly one place. Each number is counted where it is: rows read by the loader, rejected rows
-- in their table, the others by the stores and facts that took them. What is left is unexplained.

with read_rows as (

    select
        source,
        table_name,
        sum(row_count) as read_count,
        sum(case when outcome = 'duplicate' then row_count else 0 end) as copied_count,
        sum(erased_count) as erased_count
    from {{ ref('audit_loads') }}
    where outcome in ('loaded', 'duplicate')
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

folded_rows as (

    select * from {{ ref('audit_folded_rows') }}

),

-- A source that has just been declared is here at once, and its rows are unexplained until a model takes them.
extract_tables as (
    {%- for table in declared_extract_tables() %}

    select
        '{{ table.source_name }}' as source,
        '{{ table.name }}' as table_name

    union all
    {%- endfor %}

    select
        source,
        table_name
    from read_rows

),

counted as (

    select
        extract_tables.source,
        extract_tables.table_name,
        cast(coalesce(read_rows.read_count, 0) as bigint) as read_count,
        cast(coalesce(rejected_rows.rejected_count, 0) as bigint) as rejected_count,
        cast(
            coalesce(folded_rows.folded_count - folded_rows.in_marts_count - folded_rows.waiting_count, 0)
            + coalesce(read_rows.copied_count, 0) as bigint
        ) as duplicate_count,
        cast(coalesce(folded_rows.in_marts_count, 0) as bigint) as in_marts_count,
        cast(coalesce(folded_rows.waiting_count, 0) as bigint) as waiting_count,
        cast(coalesce(read_rows.erased_count, 0) as bigint) as erased_count
    from (
        select
            source,
            table_name
        from extract_tables
        group by source, table_name
    ) as extract_tables
    left join read_rows
        on extract_tables.source = read_rows.source and extract_tables.table_name = read_rows.table_name
    left join rejected_rows
        on extract_tables.source = rejected_rows.source and extract_tables.table_name = rejected_rows.table_name
    left join folded_rows
        on extract_tables.source = folded_rows.source and extract_tables.table_name = folded_rows.table_name

)

select
    source,
    table_name,
    read_count,
    rejected_count,
    duplicate_count,
    in_marts_count,
    waiting_count,
    read_count - rejected_count - duplicate_count - in_marts_count - waiting_count - erased_count as unexplained_count,
    erased_count
from counted
