{%- macro is_in_output_days(moment) -%}
    {#- Condition: a moment lies in the last OUTPUT_DAYS before AS_OF, which the row-level outputs cover. In a query over `settings`.
        It compares how long ago it was: two bounds from `settings` would be planned as a join by inequality, of which the engine expects a
        handful of rows, and it would hash the sends instead of what is joined to them. -#}
    {%- set seconds_ago = seconds_between(moment, 'settings.as_of') -%}
    ({{ seconds_ago }} >= 0 and {{ seconds_ago }} < 86400 * settings.output_days)
{%- endmacro -%}
