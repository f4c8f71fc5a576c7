{#- Incremental models on Spark. On Delta and Iceberg rows are merged by the models' unique keys; on Parquet, whose rows can't be replaced,
    each such table is made anew from the raw layer (`+full_refresh` in dbt_project.yml). -#}

{%- macro dbt_spark_validate_get_incremental_strategy(raw_strategy, file_format) -%}
    {#- Instead of dbt-spark's, which knows neither delete+insert nor `replace`. -#}
    {{ return('merge' if raw_strategy == 'delete+insert' else raw_strategy) }}
{%- endmacro -%}

{%- macro dbt_spark_get_incremental_sql(strategy, source, target, existing, unique_key, incremental_predicates) -%}
    {#- Instead of dbt-spark's: the strategies of this project, `replace` among them. -#}
    {%- if strategy == 'append' -%}
        {{ get_insert_into_sql(source, target) }}
    {%- elif strategy == 'merge' -%}
        {{ get_merge_sql(target, source, unique_key, dest_columns=none, incremental_predicates=incremental_predicates) }}
    {%- else -%}
        {{ get_incremental_replace_sql({
            'target_relation': target,
            'temp_relation': source,
            'unique_key': unique_key,
            'dest_columns': adapter.get_columns_in_relation(target),
            'incremental_predicates': incremental_predicates,
        }) }}
    {%- endif -%}
{%- endmacro -%}
