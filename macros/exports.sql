{%- macro is_in_output_days(moment) -%}
    {#- Condition: a moment lies in the last OUTPUT_DAYS before AS_OF, which the row-level outputs cover. In a query over `settings`. -#}
    ({{ moment }} > {{ add_days('settings.as_of', '-settings.output_days') }} and {{ moment }} <= settings.as_of)
{%- endmacro -%}
