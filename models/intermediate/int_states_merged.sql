{{ config(materialized='view') }}

-- The state of a send as values that merge: each is a minimum, a maximum or an "any", so that applying a status twice,
-- late or in any order gives the same row. What few sends have stands in int_send_engagements and int_send_issues, so
-- that the rows, of which each send has one, stay narrow.

with statuses as (

    -- Statuses that name their send and are no issue need no join: the bulk.
    select
        send_id,
        status,
        occurred_at,
        extract_number as first_extract_number,
        extract_number as last_extract_number,
        false as is_issue,
        true as is_direct,
        false as is_send
    from {{ ref('int_statuses_unioned') }}
    where send_id is not null and status not in {{ issue_statuses() }}

    union all

    select
        send_id,
        status,
        occurred_at,
        first_extract_number,
        last_extract_number,
        is_issue,
        false as is_direct,
        false as is_send
    from {{ ref('int_statuses_resolved') }}

    union all

    select
        send_id,
        null as status,
        null as occurred_at,
        first_extract_number,
        last_extract_number,
        false as is_issue,
        false as is_direct,
        true as is_send
    from {{ ref('int_sends_deduplicated') }}

)

select
    send_id,
    bool_or(is_send) as is_known,
    bool_or(coalesce(status = 'delivered', false)) as has_delivered_status,
    bool_or(is_issue) as has_issue_status,
    bool_or(coalesce(status = 'canceled', false)) as has_canceled_status,
    min(case when status = 'delivered' then occurred_at end) as delivered_at,
    min(first_extract_number) as first_extract_number,
    max(last_extract_number) as last_extract_number,
    count(*) filter (where is_direct) as direct_row_count,
    {{ distinct_count_lower_bound('status', 'is_direct') }} as direct_kind_count
from statuses
group by send_id
