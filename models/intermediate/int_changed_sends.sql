-- noqa: disable=layout.indent

{{ config(materialized='table') }}

{{ also_depends_on([
    'int_touched_sends', 'int_replies_before', 'int_replies_attributed', 'stg_pipeline__settings',
]) }}

-- The sends in fct_sends that this build writes anew, with their day there: those touched, and those whose replies
-- changed. None in a full build.

{%- if is_full_build() %}

select
    cast(null as varchar) as send_id,
    cast(null as date) as sent_date,
    cast(null as boolean) as is_touched
where false

{%- else %}

with settings as (

    select * from {{ ref('stg_pipeline__settings') }}

),

changed as (

    select
        send_id,
        sent_date,
        true as is_touched
    from {{ ref('int_touched_sends') }}

    union all

    select
        replies.send_id,
        {{ local_date('replies.sent_at', 'settings.reporting_timezone') }} as sent_date,
        false as is_touched
    from {{ ref('int_replies_before') }} as replies
    cross join settings
    where replies.send_id is not null

    union all

    select
        replies.send_id,
        {{ local_date('replies.sent_at', 'settings.reporting_timezone') }} as sent_date,
        false as is_touched
    from {{ ref('int_replies_attributed') }} as replies
    cross join settings
    where replies.send_id is not null

)

select
    send_id,
    sent_date,
    bool_or(is_touched) as is_touched
from changed
group by send_id, sent_date
{%- endif %}
