-- noqa: disable=layout.indent

{{ also_depends_on(['stg_pipeline__touched_keys']) }}

-- Statuses on the way of a send that name it: the bulk, merged without a join. Each value is a minimum, an "any" or a
-- count, so that order says nothing. What other statuses say of a send stands in int_send_engagements.

with statuses as (

    select * from {{ ref('int_statuses_unioned') }}
    where
        send_id is not null
        and status in {{ sending_statuses() }}
        {%- if not is_full_build() %}
        and send_id in (select key from {{ ref('stg_pipeline__touched_keys') }})
        {%- endif %}

)

select
    send_id,
    bool_or(status = 'delivered') as has_delivered_status,
    bool_or(status = 'canceled') as has_canceled_status,
    min(case when status = 'delivered' then occurred_at end) as delivered_at,
    min(extract_number) as first_extract_number,
    max(extract_number) as last_extract_number,
    count(*) as row_count,
    {{ distinct_count_lower_bound('status') }} as kind_count
from statuses
group by send_id
