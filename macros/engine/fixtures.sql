{#- Values of unit tests on Spark, instead of dbt-spark's macros. -#}

{%- macro spark__escape_single_quotes(expression) -%}
    {#- A backslash too. -#}
    {{ return(text_literal(expression)[1:-1]) }}
{%- endmacro -%}

{%- macro spark__safe_cast(field, type) -%}
    {#- A list of texts too. -#}
    {%- if field is string or field is not sequence -%}
        {%- set is_expression = field is string and cast_from_string_unsupported_for(type) -%}
        cast({{ field.strip('"').strip("'") if is_expression else field }} as {{ type }})
    {%- else -%}
        cast(array({% for text in field %}{{ text_literal(text) }}{{ ", " if not loop.last }}{% endfor %}) as {{ type }})
    {%- endif -%}
{%- endmacro -%}
