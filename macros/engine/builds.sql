{%- macro run_inputs() -%}
    {#- What the job wrote down for this run: whether the build is full, and the extracts to apply as [source, table, content
        hash]. A full build where there is nothing written. -#}
    {{ return(adapter.dispatch('run_inputs', 'outbound_sms')()) }}
{%- endmacro -%}

{%- macro duckdb__run_inputs() -%}
    {%- set folder = (env_var('WAREHOUSE_DIR', 'warehouse') ~ '/raw/pipeline').replace("'", "''") -%}
    {%- set settings = "'" ~ folder ~ "/settings.parquet'" -%}
    {%- if run_query("select count(*) from glob(" ~ settings ~ ")").rows[0][0] == 0 -%}
        {{ return({'is_full': true, 'new_extracts': []}) }}
    {%- endif -%}
    {%- if run_query("select is_full_build from read_parquet(" ~ settings ~ ")").rows[0][0] -%}
        {{ return({'is_full': true, 'new_extracts': []}) }}
    {%- endif -%}
    {%- set new_extracts = run_query(
        "select source, table_name, content_hash from read_parquet('" ~ folder ~ "/new_extracts.parquet') order by all"
    ).rows -%}
    {{ return({'is_full': false, 'new_extracts': new_extracts}) }}
{%- endmacro -%}
