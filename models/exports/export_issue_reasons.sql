with issues as (

    select * from {{ ref('export_delivery_issues') }}

),

counted as (

    select
        issue_reason,
        meaning,
        fix,
        issue_reason_id,
        count(*) as issue_count,
        count(distinct customer_id) as issue_customer_count
    from issues
    group by issue_reason, meaning, fix, issue_reason_id

)

select
    issue_reason,
    meaning,
    fix,
    issue_count,
    issue_count / sum(issue_count) over () as issue_share,
    issue_customer_count,
    issue_reason_id
from counted
