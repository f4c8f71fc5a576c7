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
    {#- Numbers of eight digits and more come with an exponent. -#}
    {%- set from_root = '$' ~ ('' if path.startswith('[') else '.') ~ path -%}
    {%- set value = "get_json_object(%s, '%s')" | format(column, from_root) -%}
    case
        when
            substr({{ column }}, 1, 1) || right({{ column }}, 1) in ('{}', '[]') and try_parse_json({{ column }}) is not null
            then case
                when {{ matches_whole(value, '-?[0-9]\\.[0-9]+E(?:[7-9]|1[0-5])') }}
                    then {{ replaced("cast(cast(%s as decimal(38, 18)) as string)" | format(value), '\\.?0+\\z', '') }}
                else nullif({{ value }}, '')
            end
    end
{%- endmacro -%}

{%- macro each_of_json(column) -%}
    {#- In a select list: a row, with its JSON, for each value of a JSON array; none where it is null. -#}
    {{ return(adapter.dispatch('each_of_json', 'outbound_sms')(column)) }}
{%- endmacro -%}

{%- macro duckdb__each_of_json(column) -%}
    unnest(cast(json_extract({{ column }}, '$[*]') as varchar[]))
{%- endmacro -%}

{%- macro spark__each_of_json(column) -%}
    explode(from_json({{ column }}, 'array<string>'))
{%- endmacro -%}

{%- macro json_value(column, path) -%}
    {#- As json_text, without the spaces around it: an id, code, word or number. -#}
    nullif({{ trimmed(json_text(column, path)) }}, '')
{%- endmacro -%}
