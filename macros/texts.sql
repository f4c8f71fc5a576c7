{%- macro cleaned(column) -%}
    {#- An id, code or word as delivered: without the white space around it, null where nothing is left. -#}
    nullif(trim(both {{ "' \t\r\n\u00a0'" }} from {{ column }}), '')
{%- endmacro -%}

{%- macro word(column) -%}
    {#- A word of a closed list, compared without case. -#}
    lower({{ cleaned(column) }})
{%- endmacro -%}
