-- noqa: disable=layout.indent

-- What few statuses of a send say: those of customers, of issues, and those that only the carrier's id tied to it;
-- minimums and "any"s, as in int_send_states.

{%- set times = engagement_times() %}

with statuses as (

    select * from {{ ref('int_statuses_resolved') }}

)

select
    send_id,
    bool_or(status = 'delivered') as has_delivered_status,
    bool_or(is_delivery_evidence) as has_delivery_evidence,
    bool_or(is_issue) as has_issue_status,
    bool_or(status = 'canceled') as has_canceled_status,
    bool_or(is_engaging) as has_engaging_status,
    min(case when status = 'delivered' then occurred_at end) as delivered_at,
    {%- for status, column in times.items() %}
    min(case when status = '{{ status }}' then occurred_at end) as {{ column }}{{ "," if not loop.last }}
    {%- endfor %}
from statuses
group by send_id
