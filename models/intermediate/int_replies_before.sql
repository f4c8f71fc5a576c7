-- noqa: disable=layout.indent

{{ config(materialized='table') }}

{{ also_depends_on(['int_touched_replies']) }}

-- The replies that this build writes anew, as the last build left them. None in a full build.

{%- if is_full_build() %}

select
    cast(null as varchar) as reply_id,
    cast(null as varchar) as send_id,
    cast(null as varchar) as message_id,
    cast(null as varchar) as customer_id,
    cast(null as varchar) as source,
    cast(null as varchar) as table_name,
    cast(null as boolean) as is_waiting
where false

{%- else %}

select
    reply_id,
    send_id,
    message_id,
    customer_id,
    source,
    table_name,
    is_waiting
from {{ existing('fct_replies') }}
where reply_id in (select reply_id from {{ ref('int_touched_replies') }})
{%- endif %}
