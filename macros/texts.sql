{%- macro provider_alias(column) -%}
    {#- A provider's name as it is compared with those of the seed `provider_aliases`: without what stands between its words. -#}
    replace(replace(replace(replace({{ column }}, ' ', ''), '-', ''), '.', ''), '_', '')
{%- endmacro -%}

{%- macro word(column) -%}
    {#- A word of a closed list, compared without case. -#}
    {{ lower_case(cleaned(column)) }}
{%- endmacro -%}

{%- macro is_phone_channel(channel) -%}
    {#- Condition: addresses on the channel are phone numbers. -#}
    {{ channel }} in ('sms', 'whatsapp', 'rcs')
{%- endmacro -%}
