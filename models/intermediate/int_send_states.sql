-- The state of a send as values that merge: each is a minimum or an "any", so that applying a status twice, late or in any
-- order gives the same row. What few sends have stands in int_send_engagements and int_send_issues, so that this table,
-- which has a row for nearly every send, stays narrow.

with statuses as (

    -- Statuses that name their send and are no issue need no join: the bulk.
    select
        send_id,
        status,
        occurred_at,
        false as is_issue,
        true as is_direct
    from {{ ref('int_statuses_unioned') }}
    where send_id is not null and status not in {{ issue_statuses() }}

    union all

    select
        send_id,
        status,
        occurred_at,
        is_issue,
        false as is_direct
    from {{ ref('int_statuses_resolved') }}
    where is_issue or status in ('delivered', 'canceled')

)

select
    send_id,
    bool_or(status = 'delivered') as has_delivered_status,
    bool_or(is_issue) as has_issue_status,
    bool_or(status = 'canceled') as has_canceled_status,
    min(case when status = 'delivered' then occurred_at end) as delivered_at,
    count(*) filter (where is_direct) as direct_row_count,
    {{ distinct_count_lower_bound('status', 'is_direct') }} as direct_kind_count
from statuses
group by send_id
