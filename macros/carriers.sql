{#- Values as carriers' logs write them. -#}

{%- macro plain_text(column) -%}
    {#- A column's value where it is no JSON object or array. -#}
    case when substr({{ column }}, 1, 1) not in ('{', '[') then nullif(trim({{ column }}), '') end
{%- endmacro -%}

{%- macro issue_code(code) -%}
    {#- A carrier's error code as delivered; null where it only says that there was no error: 0, 000. -#}
    case when replace({{ code }}, '0', '') <> '' then {{ code }} end
{%- endmacro -%}

{%- macro unsigned_amount(text) -%}
    {#- A price as a number without its sign; null where it is none. -#}
    abs(try_cast({{ text }} as decimal(18, 6)))
{%- endmacro -%}

{%- macro count_or_null(text) -%}
    {#- A count of parts; null where it is no number or 0, which carriers write where they do not know it. -#}
    case when try_cast({{ text }} as integer) > 0 then try_cast({{ text }} as integer) end
{%- endmacro -%}
