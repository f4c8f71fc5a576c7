{%- macro word(column) -%}
    {#- A word of a closed list, compared without case. -#}
    lower({{ cleaned(column) }})
{%- endmacro -%}
