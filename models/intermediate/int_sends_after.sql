-- noqa: disable=layout.indent

{{ config(materialized='table', pre_hook="{{ keep_join_sides() }}", post_hook="{{ choose_join_sides() }}") }}

-- The sends that this build writes anew, as they are now, beside int_sends_before. None in a full build.

select * from {{ ref('int_sends_replied') }}
{%- if is_full_build() %}
where false
{%- endif %}
