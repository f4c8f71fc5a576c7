-- noqa: disable=layout.indent

{{ config(materialized='table') }}

{{ also_depends_on(['int_replies_before', 'int_replies_attributed']) }}

-- Message and customer of the replies that this build wrote anew, as they were and as they are now. None in a full
-- build.

{%- if is_full_build() %}

select
    cast(null as varchar) as message_id,
    cast(null as varchar) as customer_id
where false

{%- else %}

select
    message_id,
    customer_id
from {{ ref('int_replies_before') }}
where message_id is not null

union

select
    message_id,
    customer_id
from {{ ref('int_replies_attributed') }}
where message_id is not null
{%- endif %}
