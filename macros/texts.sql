{%- macro provider_alias(column) -%}
    {#- A provider's name as the seed `provider_aliases` writes it. -#}
    replace(replace(replace({{ column }}, ' ', '_'), '-', '_'), '.', '_')
{%- endmacro -%}

{%- macro word(column) -%}
    {#- A word of a closed list, compared without case. -#}
    {{ lowered(cleaned(column)) }}
{%- endmacro -%}
