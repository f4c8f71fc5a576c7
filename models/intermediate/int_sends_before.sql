-- noqa: disable=layout.indent

{{ config(materialized='table') }}

{{ also_depends_on(['int_changed_sends']) }}

-- The sends that this build writes anew, as the last build left them: those touched, and those whose replies changed.
-- None in a full build.

{%- if is_full_build() %}

select
    cast(null as varchar) as send_id,
    cast(null as boolean) as is_touched
where false

{%- else %}

with changed as (

    select
        send_id,
        bool_or(is_touched) as is_touched
    from {{ ref('int_changed_sends') }}
    group by send_id

)

select
    sends.*,
    changed.is_touched
from {{ existing('fct_sends') }} as sends
inner join changed
    on sends.send_id = changed.send_id
where sends.sent_date in {{ days_of(ref('int_changed_sends')) }}
{%- endif %}
