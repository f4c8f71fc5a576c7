-- noqa: disable=layout.indent

{{ config(database=target.get('database')) }}

-- Where the rows that passed staging ended, as counted by the stores and facts that took them.

{%- set address = ['source', 'table_name', 'provider_message_id', 'recipient', 'part'] %}

with sends as (

    select * from {{ ref('int_sends') }}
    where not ({{ is_claimed() }})

),

carrier_states as (

    select * from {{ ref('int_carrier_states') }}
    where source <> ''

),

-- Addresses of which any send is known. The provider says more than the table only where the application names it.
known_addresses as (

    {{ statuses_of_sends(ref('int_carrier_states'), 'sends', address) }}

),

-- What came up to here and waits has waited longer than a receipt may take.
old_extracts as (

    select max(loads.extract_number) as last_number
    from {{ ref('stg_pipeline__loads') }} as loads
    cross join {{ ref('stg_pipeline__settings') }} as settings
    where {{ add_hours('loads.loaded_at', 'settings.receipt_timeout_hours') }} <= settings.as_of

),

send_rows as (

    select
        'outbound' as source,
        'sends' as table_name,
        sum(_row_count) as folded_count,
        count(_row_count) as in_marts_count,
        0 as waiting_count,
        0 as long_waiting_count
    from {{ ref('fct_sends') }}

),

named_status_rows as (

    select
        'outbound' as source,
        'statuses' as table_name,
        (select sum(_row_count) from {{ ref('int_send_states') }}) as folded_count,
        (select sum(_status_row_count) from {{ ref('fct_sends') }}) as in_marts_count,
        (
            select sum(states._row_count)
            from {{ ref('int_send_states') }} as states
            where
                states._extract_number <= (select old_extracts.last_number from old_extracts)
                and not exists (select 1 from {{ ref('fct_sends') }} as sends where sends.send_id = states.send_id)
        ) as long_waiting_count

),

named_addresses as (

    select
        {{ column_list(address, indent=8) }},
        case when source = 'outbound' then provider else '' end as named_provider
    from known_addresses
    group by {{ address | join(', ') }}, case when source = 'outbound' then provider else '' end

),

carried_status_rows as (

    select
        carrier_states.source,
        carrier_states.table_name,
        carrier_states._row_count as folded_count,
        coalesce(carrier_states._extract_number <= (select old_extracts.last_number from old_extracts), false)
            as is_old,
        named_addresses.source is not null as is_known
    from carrier_states
    left join named_addresses
        on
            {{ same(address, 'carrier_states', 'named_addresses') }}
            and case when carrier_states.source = 'outbound' then carrier_states.provider else '' end
            = named_addresses.named_provider

),

reply_rows as (

    select
        source,
        table_name,
        sum(_row_count) as folded_count
    from {{ ref('int_replies') }}
    group by source, table_name

),

placed_replies as (

    select
        _source as source,
        _table_name as table_name,
        count(*) filter (where not is_waiting) as in_marts_count,
        count(*) filter (where is_waiting) as waiting_count,
        count(*) filter (
            where is_waiting and _replies_extract_number <= (select old_extracts.last_number from old_extracts)
        ) as long_waiting_count
    from {{ ref('fct_replies') }}
    group by _source, _table_name

),

counted as (

    select * from send_rows

    union all

    select
        source,
        table_name,
        folded_count,
        in_marts_count,
        coalesce(folded_count, 0) - coalesce(in_marts_count, 0) as waiting_count,
        long_waiting_count
    from named_status_rows

    union all

    select
        source,
        table_name,
        folded_count,
        case when is_known then folded_count else 0 end as in_marts_count,
        case when is_known then 0 else folded_count end as waiting_count,
        case when is_old and not is_known then folded_count else 0 end as long_waiting_count
    from carried_status_rows

    union all

    select
        reply_rows.source,
        reply_rows.table_name,
        reply_rows.folded_count,
        placed_replies.in_marts_count,
        placed_replies.waiting_count,
        placed_replies.long_waiting_count
    from reply_rows
    left join placed_replies
        on reply_rows.source = placed_replies.source and reply_rows.table_name = placed_replies.table_name

)

select
    source,
    table_name,
    cast(coalesce(sum(folded_count), 0) as bigint) as folded_count,
    cast(coalesce(sum(in_marts_count), 0) as bigint) as in_marts_count,
    cast(coalesce(sum(waiting_count), 0) as bigint) as waiting_count,
    cast(coalesce(sum(long_waiting_count), 0) as bigint) as long_waiting_count
from counted
group by source, table_name
