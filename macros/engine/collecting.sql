{%- macro run_statements(statements) -%}
    {#- `dbt run-operation`: run statements one after the other. How tables are read from Spark (orchestration/building/spark.py): by whatever
        connection the target has.
        statements: a list of SQL. -#}
    {%- for sql in statements -%}
        {%- call statement() -%}{{ sql }}{%- endcall -%}
    {%- endfor -%}
{%- endmacro -%}
