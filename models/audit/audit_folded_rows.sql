-- noqa: disable=layout.indent

{{ config(database=target.database) }}

-- Where the rows that passed staging ended, as counted by the stores and facts that took them.

{%- set address = ['source', 'table_name', 'provider_message_id', 'recipient', 'part'] %}

with sends as (

    select * from {{ ref('int_sends') }}
    where not ({{ is_claimed() }})

),

carrier_states as (

    select * from {{ ref('int_carrier_states') }}

),

-- Addresses of which any send is known. The provider says more than the table only where the application names it.
known_addresses as (

    {{ statuses_of_sends(ref('int_carrier_states'), 'sends', address) }}

),

send_rows as (

    select
        'outbound' as source,
        'sends' as table_name,
        sum(_row_count) as folded_count,
        count(_row_count) as in_marts_count,
        0 as waiting_count
    from {{ ref('fct_sends') }}

),

named_status_rows as (

    select
        'outbound' as source,
        'statuses' as table_name,
        (select sum(_row_count) from {{ ref('int_send_states') }}) as folded_count,
        (select sum(_status_row_count) from {{ ref('fct_sends') }}) as in_marts_count

),

carried_status_rows as (

    select
        source,
        table_name,
        _row_count as folded_count,
        exists(
            select 1
            from known_addresses as known
            where
                carrier_states.source = known.source
                and carrier_states.table_name = known.table_name
                and carrier_states.provider_message_id = known.provider_message_id
                and carrier_states.recipient = known.recipient
                and carrier_states.part = known.part
                and case when carrier_states.source = 'outbound' then carrier_states.provider else '' end
                = case when known.source = 'outbound' then known.provider else '' end
        ) as is_known
    from carrier_states

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
        count(*) filter (where is_waiting) as waiting_count
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
        coalesce(folded_count, 0) - coalesce(in_marts_count, 0) as waiting_count
    from named_status_rows

    union all

    select
        source,
        table_name,
        folded_count,
        case when is_known then folded_count else 0 end as in_marts_count,
        case when is_known then 0 else folded_count end as waiting_count
    from carried_status_rows

    union all

    select
        reply_rows.source,
        reply_rows.table_name,
        reply_rows.folded_count,
        placed_replies.in_marts_count,
        placed_replies.waiting_count
    from reply_rows
    left join placed_replies
        on reply_rows.source = placed_replies.source and reply_rows.table_name = placed_replies.table_name

)

select
    source,
    table_name,
    cast(coalesce(sum(folded_count), 0) as bigint) as folded_count,
    cast(coalesce(sum(in_marts_count), 0) as bigint) as in_marts_count,
    cast(coalesce(sum(waiting_count), 0) as bigint) as waiting_count
from counted
group by source, table_name
