-- noqa: disable=layout.indent

-- What customers did with a send, and what else few sends have: minimums and "any"s, as in int_send_states.

{%- set times = engagement_times() %}

with statuses as (

    select
        send_id,
        status,
        occurred_at
    from {{ ref('int_statuses_unioned') }}
    where
        send_id is not null
        and status in {{ status_list(times) }}
        and status not in {{ issue_statuses() }}

    union all

    select
        send_id,
        status,
        occurred_at
    from {{ ref('int_statuses_resolved') }}
    where status in {{ status_list(times) }}

)

select
    send_id,
    bool_or(status in {{ delivery_statuses() }}) as has_delivery_evidence,
    bool_or(status in {{ engaging_statuses() }}) as has_engaging_status,
    {%- for status, column in times.items() %}
    min(case when status = '{{ status }}' then occurred_at end) as {{ column }}{{ "," if not loop.last }}
    {%- endfor %}
from statuses
group by send_id
