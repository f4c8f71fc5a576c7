-- noqa: disable=layout.indent

{{ config(materialized='table') }}

{{ also_depends_on(['int_sends_before', 'int_sends_after']) }}

-- What this build changed in fct_sends: each row that it wrote, once as it was (-1) and once as it is now (1). None in
-- a full build, in which reports read fct_sends itself.

{%- set columns = [
    'send_id', 'message_id', 'customer_id', 'channel', 'sent_title', 'to_number', 'sent_date', 'sent_at',
    'delivery_status', 'delivered_at', 'delivery_seconds', 'segment_count', 'price', 'currency_code', 'opened_at',
    'clicked_at', 'replied_at', 'goal_at', 'completed_at', 'unsubscribed_at', 'is_engaged',
] %}

{%- if is_full_build() %}

select
    {%- for column in columns %}
    {{ column }},
    {%- endfor %}
    1 as change
from {{ ref('int_sends_after') }}
where false

{%- else %}

select
    {%- for column in columns %}
    {{ column }},
    {%- endfor %}
    -1 as change
from {{ ref('int_sends_before') }}

union all

select
    {%- for column in columns %}
    {{ column }},
    {%- endfor %}
    1 as change
from {{ ref('int_sends_after') }}
{%- endif %}
