{%- macro spark__load_csv_rows(model, agate_table) -%}
    {#- Instead of dbt-spark's, which puts texts between quotes as they are: those with a quote or a backslash break the statement. dbt
        takes a text of white space for null; the seed's meta `blank_texts` has those of a row, by its last column. -#}
    {%- set types = model.config.column_types -%}
    {%- set blank_texts = model.config.meta.get('blank_texts', {}) -%}
    {%- set sql -%}
        insert into {{ this }} values
        {%- for row in agate_table.rows %}
        {%- set blanks = blank_texts.get(row[agate_table.column_names[-1]], {}) %}
        (
            {%- for name in agate_table.column_names -%}
            {%- set value = blanks.get(name) if row[name] is none else row[name] -%}
            cast({{ 'null' if value is none else text_literal(value | string) }} as {{ types.get(name, 'string') }})
            {{- ", " if not loop.last }}
            {%- endfor -%}
        ){{ "," if not loop.last }}
        {%- endfor %}
    {%- endset -%}
    {%- if agate_table.rows -%}
        {%- do adapter.add_query(sql, abridge_sql_log=True) -%}
    {%- endif -%}
    {{ return(sql) }}
{%- endmacro -%}

{%- macro spark__escape_single_quotes(expression) -%}
    {#- Instead of dbt-spark's, which leaves a backslash alone: the texts of unit tests. -#}
    {{ return(text_literal(expression)[1:-1]) }}
{%- endmacro -%}
