-- noqa: disable=layout.indent

{{ config(materialized='table') }}

{{ also_depends_on(['int_changed_sends', 'int_touched_sends']) }}

-- The sends that this build writes anew, as the last build left them: those touched, and those whose replies changed.
-- None in a full build.

{%- if is_full_build() %}

select
    cast(null as varchar) as send_id,
    cast(null as boolean) as is_touched
where false

{%- else %}

{%- set columns = declared_columns('fct_sends') %}
{%- set answered_days = days_of("(select sent_date from " ~ ref('int_changed_sends') ~ " where not is_touched) as answered") %}

with answered as (

    select send_id
    from {{ ref('int_changed_sends') }}
    where send_id not in (select send_id from {{ ref('int_touched_sends') }})

),

answered_sends as (

    {{ rows_where(
        existing('fct_sends'),
        ["sent_date in " ~ answered_days ~ " and send_id in (select send_id from answered)"]
    ) }}

)

select
    {%- for column in columns %}
    {{ column }},
    {%- endfor %}
    true as is_touched
from {{ ref('int_touched_sends') }}

union all

select
    {%- for column in columns %}
    {{ column }},
    {%- endfor %}
    false as is_touched
from answered_sends
{%- endif %}
