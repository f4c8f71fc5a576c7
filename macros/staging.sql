{%- macro rejection_reason(conditions) -%}
    {#- The first reason why a row is set apart, or null.
        conditions: list of [condition, reason]; a reason is SQL text. -#}
    case
        {%- for condition, reason in conditions %}
        when {{ condition }} then {{ reason }}
        {%- endfor %}
    end
{%- endmacro -%}

{%- macro time_conditions(name, text, timestamp) -%}
    {#- Contract rule 1: an unreadable time, a time before 2000 or more than a day after the load. -#}
    {{ return([
        [text ~ " is not null and " ~ timestamp ~ " is null",
            "'unreadable time in " ~ name ~ ": ' || " ~ text ~ " || ' (expected ISO 8601, such as 2026-11-01T06:00:00Z)'"],
        [timestamp ~ " < timestamp '2000-01-01 00:00:00'", "'time before 2000 in " ~ name ~ ": ' || " ~ text],
        [timestamp ~ " > loaded_at + interval '1' day", "'time more than a day after the load in " ~ name ~ ": ' || " ~ text],
    ]) }}
{%- endmacro -%}

{%- macro missing_condition(name, column=none) -%}
    {#- The row lacks a value. name: of the extract's column; column: its SQL, where that is another. -#}
    {{ return([(column or name) ~ " is null", "'lacks a value in " ~ name ~ "'"]) }}
{%- endmacro -%}

{%- macro source_columns(source_name, table_name) -%}
    {#- The declared columns of a source table, in their order; none within a unit test, whose graph has no sources. -#}
    {%- if execute -%}
        {%- for node in graph.get('sources', {}).values() if node.source_name == source_name and node.name == table_name -%}
            {{ return(node.columns.keys() | list) }}
        {%- endfor -%}
    {%- endif -%}
    {{ return([]) }}
{%- endmacro -%}
