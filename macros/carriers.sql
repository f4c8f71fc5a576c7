{#- Values as carriers' logs write them. -#}

{%- macro plain_text(column) -%}
    {#- A column's value where it is no JSON object or array. -#}
    case when substr({{ column }}, 1, 1) not in ('{', '[') then nullif({{ trimmed(column) }}, '') end
{%- endmacro -%}

{%- macro status_unless_shared(status, is_shared) -%}
    {#- A row's status. One for several recipients says no more than that their message is on its way, or is to be sent. -#}
    case when not {{ is_shared }} or {{ status }} in ('accepted', 'scheduled') then {{ status }} else 'sending' end
{%- endmacro -%}

{%- macro issue_code(code) -%}
    {#- A carrier's error code as delivered; null where it only says that there was no error: 0, 000. -#}
    case when replace({{ code }}, '0', '') <> '' then {{ code }} end
{%- endmacro -%}

{%- macro unsigned_amount(text) -%}
    {#- A price as a number without its sign; null where it is none. -#}
    abs({{ decimal_number(text) }})
{%- endmacro -%}

{%- macro count_up_to(most, text) -%}
    {#- A whole number from 1 to `most`. Null where it is none, 0 or less, which carriers write where they do not know it, or larger than it
        can be: nothing that is reckoned with it may be out of range. -#}
    case when {{ whole_number(text) }} between 1 and {{ most }} then {{ whole_number(text) }} end
{%- endmacro -%}

{%- macro is_unusable_count(text, count) -%}
    {#- Whether a text was given where `count`, which count_or_null made of it, is null; a count of 0 is what some systems write before a
        message is sent. -#}
    {{ text }} is not null and {{ count }} is null and coalesce({{ whole_number(text) }}, 1) <> 0
{%- endmacro -%}

{%- macro count_or_null(text) -%}
    {#- A count of parts, of which a message has 255 at most (3GPP TS 23.040, 9.2.3.24.1). -#}
    cast({{ count_up_to(255, text) }} as integer)
{%- endmacro -%}
