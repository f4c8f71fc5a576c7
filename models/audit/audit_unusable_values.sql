-- What came in extracts and can't be used: numbers that are none, and words that no seed knows. The row itself is kept
-- where the value is all that is wrong with it; an unknown word of a status or channel sets its row apart.

with extract_values as (

    select * from {{ ref('audit_extract_values') }}
    where fault is not null

),

-- The seed knows carriers of messages to phones; who carries the application's other channels is its own affair.
other_providers as (

    select provider
    from {{ ref('int_sends') }}
    where not {{ is_phone_channel('channel') }} and provider is not null
    group by provider

),

unknown_words as (

    select
        source,
        table_name,
        split_part(split_part(reason, ':', 1), 'unknown ', 2) as column_name,
        'unknown word' as fault,
        file as example_file,
        line_number as example_line,
        substr(reason, position(': ' in reason) + 2) as example_value,
        1 as row_count
    from {{ ref('audit_extract_rows') }}
    where reason like 'unknown %'

),

faults as (

    select
        source,
        table_name,
        column_name,
        fault,
        example_file,
        example_line,
        example_value,
        row_count
    from extract_values
    where example_value is null or example_value not in (select other_providers.provider from other_providers)

    union all

    select * from unknown_words

),

ranked as (

    select
        *,
        sum(row_count) over (partition by source, table_name, column_name, fault) as total_count,
        row_number() over (
            partition by source, table_name, column_name, fault
            -- The same whatever the order of loads; dated names put the newest first.
            order by example_file desc, example_line asc nulls last, example_value asc nulls last
        ) as place
    from faults

)

select
    source,
    table_name,
    column_name,
    fault,
    cast(total_count as bigint) as row_count,
    example_file,
    example_line,
    example_value
from ranked
where place = 1
