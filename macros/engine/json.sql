{%- macro json_text(column, path) -%}
    {#- A value within a JSON text: a string without its quotes, an object or array as JSON. Null where there is none or it is empty, and
        where the column is no JSON.
        path: from the outermost value, such as status.name, [0].code. -#}
    {{ return(adapter.dispatch('json_text', 'outbound_sms')(column, path)) }}
{%- endmacro -%}

{%- macro duckdb__json_text(column, path) -%}
    {%- set from_root = '$' ~ ('' if path.startswith('[') else '.') ~ path -%}
    case
        when substr({{ column }}, 1, 1) in ('{', '[') and json_valid({{ column }})
            then nullif(json_extract_string({{ column }}, '{{ from_root }}'), '')
    end
{%- endmacro -%}

{%- macro spark__json_text(column, path) -%}
    {%- set from_root = '$' ~ ('' if path.startswith('[') else '.') ~ path -%}
    case
        when substr({{ column }}, 1, 1) in ('{', '[') and try_parse_json({{ column }}) is not null
            then nullif(get_json_object({{ column }}, '{{ from_root }}'), '')
    end
{%- endmacro -%}

{%- macro json_value(column, path) -%}
    {#- As json_text, without the spaces around it: an id, code, word or number. -#}
    nullif(trim({{ json_text(column, path) }}), '')
{%- endmacro -%}
