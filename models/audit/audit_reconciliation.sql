-- sqlfluff:exclude_rules:layout.indent

-- Every row read ends in exactly one place. Each number is counted where it is: rows read in the loader's ledger,
-- rejected rows in their table, rows in the marts and waiting rows from the facts. What is left is unexplained.

with loads as (

    select * from {{ ref('audit_loads') }}
    where outcome in ('loaded', 'duplicate')

),

fact_sends as (

    select send_id from {{ ref('fct_sends') }}

),

fact_replies as (

    select
        reply_id,
        is_waiting
    from {{ ref('fct_replies') }}

),

extract_tables as (
    {%- for source, table_name in [
        ('outbound', 'sends'), ('outbound', 'statuses'), ('outbound', 'replies'),
        ('twilio', 'messages'), ('twilio', 'status_callbacks'),
    ] %}

    select
        '{{ source }}' as source,
        '{{ table_name }}' as table_name
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

-- Sends: a row stands in the marts, or repeats a send that does. A carrier's rows are counted as statuses below.
send_rows as (

    select
        candidates.source,
        candidates.table_name,
        count(*) as found_count
    from {{ ref('int_sends_unioned') }} as candidates
    inner join fact_sends
        on candidates.send_id = fact_sends.send_id
    where not candidates.is_carrier_log
    group by candidates.source, candidates.table_name

),

sends as (

    select
        winners.source,
        winners.table_name,
        count(*) as in_marts_count
    from {{ ref('int_sends_deduplicated') }} as winners
    inner join fact_sends
        on winners.send_id = fact_sends.send_id
    where not winners.is_carrier_log
    group by winners.source, winners.table_name

),

-- Statuses: applied to a send in the marts, waiting for one, or the repetition of such a one.
applied_statuses as (

    select resolved.status_key
    from {{ ref('int_statuses_resolved') }} as resolved
    inner join fact_sends
        on resolved.send_id = fact_sends.send_id
    group by resolved.status_key

),

resolved_statuses as (

    select status_key
    from {{ ref('int_statuses_resolved') }}
    group by status_key

),

statuses as (

    select
        statuses.source,
        statuses.table_name,
        count(applied_statuses.status_key) as in_marts_count,
        count(*) filter (where resolved_statuses.status_key is null) as waiting_count,
        sum(statuses.row_count - 1) as duplicate_count
    from {{ ref('int_statuses_deduplicated') }} as statuses
    left join applied_statuses
        on statuses.status_key = applied_statuses.status_key
    left join resolved_statuses
        on statuses.status_key = resolved_statuses.status_key
    group by statuses.source, statuses.table_name

),

-- Replies: in the marts, in the marts but waiting for the send that they name, or the repetition of one.
reply_rows as (

    select
        candidates.source,
        candidates.table_name,
        count(*) as found_count
    from {{ ref('int_replies_unioned') }} as candidates
    inner join fact_replies
        on candidates.reply_id = fact_replies.reply_id
    group by candidates.source, candidates.table_name

),

replies as (

    select
        winners.source,
        winners.table_name,
        count(*) filter (where not fact_replies.is_waiting) as in_marts_count,
        count(*) filter (where fact_replies.is_waiting) as waiting_count
    from {{ ref('int_replies_deduplicated') }} as winners
    inner join fact_replies
        on winners.reply_id = fact_replies.reply_id
    group by winners.source, winners.table_name

),

places as (

    select
        sends.source,
        sends.table_name,
        sends.in_marts_count,
        0 as waiting_count,
        send_rows.found_count - sends.in_marts_count as duplicate_count
    from sends
    inner join send_rows
        on
            sends.source = send_rows.source
            and sends.table_name = send_rows.table_name

    union all

    select
        source,
        table_name,
        in_marts_count,
        waiting_count,
        duplicate_count
    from statuses

    union all

    select
        reply_rows.source,
        reply_rows.table_name,
        coalesce(replies.in_marts_count, 0) as in_marts_count,
        coalesce(replies.waiting_count, 0) as waiting_count,
        reply_rows.found_count - coalesce(replies.in_marts_count + replies.waiting_count, 0) as duplicate_count
    from reply_rows
    left join replies
        on
            reply_rows.source = replies.source
            and reply_rows.table_name = replies.table_name

),

summed as (

    select
        source,
        table_name,
        sum(in_marts_count) as in_marts_count,
        sum(waiting_count) as waiting_count,
        sum(duplicate_count) as duplicate_count
    from places
    group by source, table_name

),

counted as (

    select
        extract_tables.source,
        extract_tables.table_name,
        cast(coalesce(read_rows.read_count, 0) as bigint) as read_count,
        cast(coalesce(rejected_rows.rejected_count, 0) as bigint) as rejected_count,
        cast(coalesce(summed.duplicate_count, 0) + coalesce(read_rows.copied_count, 0) as bigint) as duplicate_count,
        cast(coalesce(summed.in_marts_count, 0) as bigint) as in_marts_count,
        cast(coalesce(summed.waiting_count, 0) as bigint) as waiting_count
    from extract_tables
    left join read_rows
        on
            extract_tables.source = read_rows.source
            and extract_tables.table_name = read_rows.table_name
    left join rejected_rows
        on
            extract_tables.source = rejected_rows.source
            and extract_tables.table_name = rejected_rows.table_name
    left join summed
        on
            extract_tables.source = summed.source
            and extract_tables.table_name = summed.table_name

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
