-- The state of a send as values that merge: each is a minimum, a maximum or an "any", so that applying a status twice,
-- late or in any order gives the same row.

with resolved_statuses as (

    select * from {{ ref('int_statuses_resolved') }}

),

-- Statuses that name their send and are no issue need no join: the bulk.
statuses as (

    select
        send_id,
        status,
        occurred_at,
        status in {{ delivery_statuses() }} as is_delivery_evidence,
        false as is_issue,
        status in {{ engaging_statuses() }} as is_engaging,
        true as is_direct
    from {{ ref('int_statuses_unioned') }}
    where send_id is not null and status not in {{ issue_statuses() }}

    union all

    select
        send_id,
        status,
        occurred_at,
        is_delivery_evidence,
        is_issue,
        is_engaging,
        false as is_direct
    from resolved_statuses

),

merged as (

    select
        send_id,
        bool_or(is_delivery_evidence) as has_delivery_evidence,
        bool_or(status = 'delivered') as has_delivered_status,
        bool_or(is_issue) as has_issue_status,
        bool_or(status = 'canceled') as has_canceled_status,
        bool_or(is_engaging) as has_engaging_status,
        min(case when status = 'delivered' then occurred_at end) as delivered_at,
        min(case when status = 'opened' then occurred_at end) as opened_at,
        min(case when status = 'clicked' then occurred_at end) as clicked_at,
        min(case when status = 'replied' then occurred_at end) as replied_at,
        min(case when status = 'reacted' then occurred_at end) as reacted_at,
        min(case when status = 'completed' then occurred_at end) as completed_at,
        min(case when status = 'dismissed' then occurred_at end) as dismissed_at,
        min(case when status = 'answered' then occurred_at end) as answered_at,
        min(case when status = 'goal_success' then occurred_at end) as goal_at,
        min(case when status = 'collected_email' then occurred_at end) as collected_email_at,
        min(case when status = 'button_tapped' then occurred_at end) as button_tapped_at,
        min(case when status = 'unsubscribed' then occurred_at end) as unsubscribed_at,
        min(case when status = 'hard_bounced' then occurred_at end) as hard_bounced_at,
        min(case when status = 'soft_bounced' then occurred_at end) as soft_bounced_at,
        min(case when status = 'spam_complaint' then occurred_at end) as spam_complaint_at,
        count(*) filter (where is_direct) as direct_row_count,
        {{ distinct_count_lower_bound('status', 'is_direct') }} as direct_kind_count
    from statuses
    group by send_id

),

latest_issues as (

    select
        send_id,
        provider,
        error_code,
        error_code_space,
        error_message,
        occurred_at
    from resolved_statuses
    where is_issue
    qualify
        row_number() over (
            partition by send_id
            order by
                occurred_at desc nulls last,
                error_code desc nulls last,
                error_code_space desc nulls last,
                error_message desc nulls last,
                provider desc nulls last
        ) = 1

)

select
    merged.send_id,
    merged.has_delivery_evidence,
    merged.has_delivered_status,
    merged.has_issue_status,
    merged.has_canceled_status,
    merged.has_engaging_status,
    latest_issues.provider as issue_provider,
    latest_issues.error_code as issue_error_code,
    latest_issues.error_code_space as issue_error_code_space,
    latest_issues.error_message as issue_error_message,
    latest_issues.occurred_at as latest_issue_at,
    merged.delivered_at,
    merged.opened_at,
    merged.clicked_at,
    merged.replied_at,
    merged.reacted_at,
    merged.completed_at,
    merged.dismissed_at,
    merged.answered_at,
    merged.goal_at,
    merged.collected_email_at,
    merged.button_tapped_at,
    merged.unsubscribed_at,
    merged.hard_bounced_at,
    merged.soft_bounced_at,
    merged.spam_complaint_at,
    merged.direct_row_count,
    merged.direct_kind_count
from merged
left join latest_issues
    on merged.send_id = latest_issues.send_id
