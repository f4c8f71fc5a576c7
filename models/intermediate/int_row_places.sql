-- noqa: disable=layout.indent,references.qualification

{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['source', 'table_name']
) }}

{{ also_depends_on([
    'int_sends_before', 'int_sends_after', 'int_sends_deduplicated', 'int_replies_before', 'int_sends_unioned',
    'int_statuses_unioned', 'stg_pipeline__touched_keys',
]) }}

-- In which tables the accepted rows of the extracts ended. A build that adds to what is there counts its own rows, and
-- of the sends and replies that it made anew the difference between where their rows stood and where they stand.

with replies as (

    select * from {{ ref('int_replies_attributed') }}

),

statuses as (

    select * from {{ ref('int_statuses_deduplicated') }}

),

applied_statuses as (

    select status_key
    from {{ ref('int_statuses_resolved') }}
    group by status_key

),

written_sends as (

    {%- if is_full_build() %}

    select
        source,
        table_name,
        is_carrier_log
    from {{ ref('fct_sends') }}

    {%- else %}

    select
        source,
        table_name,
        is_carrier_log
    from {{ ref('int_sends_after') }}
    where send_id in (select key from {{ ref('stg_pipeline__touched_keys') }} where is_send)
    {%- endif %}

),

{%- if is_full_build() %}

-- Rows that repeat a send's other rows.
repeated_sends as (

    select
        source,
        table_name,
        sum(row_count - 1) as row_count
    from {{ ref('int_sends_repeated') }}
    where not is_carrier_log
    group by source, table_name

),
{%- endif %}

-- Where a send has each kind of status once, none of them is a repetition: they are counted where they were merged. The
-- others stand in int_statuses_deduplicated.
direct_states as (

    select
        states.send_id,
        states.row_count,
        sends.send_id is not null as is_known
    from {{ ref('int_send_states') }} as states
    left join {{ ref('fct_sends') if is_full_build() else ref('int_sends_deduplicated') }} as sends
        on states.send_id = sends.send_id
    where states.row_count = states.kind_count

),

-- A status that names its send is applied where there is that send, and waits elsewhere.
direct_counts as (

    select
        coalesce(sum(row_count), 0) as row_count,
        coalesce(sum(case when is_known then row_count end), 0) as applied_count,
        coalesce(sum(case when not is_known then row_count end), 0) as waiting_count
    from direct_states

),

{%- if not is_full_build() %}

sends_before as (

    select * from {{ ref('int_sends_before') }}
    where is_touched

),

statuses_before as (

    select * from statuses
    where row_count > new_row_count

),

matches_before as (

    {{ status_matches('statuses_before', 'sends_before') }}

),

applied_statuses_before as (

    select status_key
    from matches_before
    group by status_key

),

-- Their rows, of new and of earlier extracts; none is a repetition.
direct_statuses as (

    select
        send_id,
        is_new
    from {{ ref('int_statuses_unioned') }}
    where
        status in {{ sending_statuses() }}
        and send_id in (select send_id from direct_states)

),
{%- endif %}

places as (

    -- Sends: a row stands in the marts, or repeats a send that does. A carrier's rows are counted as statuses.
    select
        source,
        table_name,
        {% if is_full_build() %}count(*){% else %}0{% endif %} as row_count,
        count(*) as in_marts_count,
        0 as waiting_count
    from written_sends
    where not is_carrier_log
    group by source, table_name

    union all

    {%- if is_full_build() %}

    select
        source,
        table_name,
        row_count,
        0 as in_marts_count,
        0 as waiting_count
    from repeated_sends

    {%- else %}

    select
        source,
        table_name,
        count(*) as row_count,
        0 as in_marts_count,
        0 as waiting_count
    from {{ ref('int_sends_unioned') }}
    where is_new and not is_carrier_log
    group by source, table_name
    {%- endif %}

    union all

    -- Statuses: applied to a send, or waiting for one, or the repetition of such a one.
    select
        statuses.source,
        statuses.table_name,
        sum(statuses.new_row_count) as row_count,
        count(applied_statuses.status_key) as in_marts_count,
        count(*) - count(applied_statuses.status_key) as waiting_count
    from statuses
    left join applied_statuses
        on statuses.status_key = applied_statuses.status_key
    group by statuses.source, statuses.table_name

    union all

    -- Only the application's statuses name sends.
    select
        'outbound' as source,
        'statuses' as table_name,
        {%- if is_full_build() %}
        row_count,
        {%- else %}
        (select count(*) from direct_statuses where is_new) as row_count,
        {%- endif %}
        applied_count as in_marts_count,
        waiting_count
    from direct_counts

    union all

    -- Replies: in the marts, in the marts but waiting for the send that they name, or the repetition of one.
    select
        rows_of_replies.source,
        rows_of_replies.table_name,
        count(*) as row_count,
        0 as in_marts_count,
        0 as waiting_count
    from {{ ref('int_replies_unioned') }} as rows_of_replies
    inner join replies
        on rows_of_replies.reply_id = replies.reply_id
    where rows_of_replies.is_new
    group by rows_of_replies.source, rows_of_replies.table_name

    union all

    select
        source,
        table_name,
        0 as row_count,
        count(*) filter (where not is_waiting) as in_marts_count,
        count(*) filter (where is_waiting) as waiting_count
    from replies
    group by source, table_name
    {%- if not is_full_build() %}

    union all

    select
        source,
        table_name,
        0 as row_count,
        -count(*) as in_marts_count,
        0 as waiting_count
    from sends_before
    where not is_carrier_log
    group by source, table_name

    union all

    select
        'outbound' as source,
        'statuses' as table_name,
        0 as row_count,
        -count(*) filter (where send_id in (select send_id from sends_before)) as in_marts_count,
        -count(*) filter (where send_id not in (select send_id from sends_before)) as waiting_count
    from direct_statuses
    where not is_new

    union all

    select
        statuses_before.source,
        statuses_before.table_name,
        0 as row_count,
        -count(applied_statuses_before.status_key) as in_marts_count,
        -(count(*) - count(applied_statuses_before.status_key)) as waiting_count
    from statuses_before
    left join applied_statuses_before
        on statuses_before.status_key = applied_statuses_before.status_key
    group by statuses_before.source, statuses_before.table_name

    union all

    select
        source,
        table_name,
        0 as row_count,
        -count(*) filter (where not is_waiting) as in_marts_count,
        -count(*) filter (where is_waiting) as waiting_count
    from {{ ref('int_replies_before') }}
    group by source, table_name

    union all

    select
        source,
        table_name,
        row_count,
        in_marts_count,
        waiting_count
    from {{ existing('int_row_places') }}
    {%- endif %}

)

select
    source,
    table_name,
    cast(coalesce(sum(row_count), 0) as bigint) as row_count,
    cast(coalesce(sum(in_marts_count), 0) as bigint) as in_marts_count,
    cast(coalesce(sum(waiting_count), 0) as bigint) as waiting_count
from places
group by source, table_name
