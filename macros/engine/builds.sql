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

{%- macro loaded_extract_tables() -%}
    {#- The tables of which any extract was loaded, each as source/table; none (the value) where the loader noted nothing yet. -#}
    {{ return(adapter.dispatch('loaded_extract_tables', 'outbound_sms')()) }}
{%- endmacro -%}

{%- macro duckdb__loaded_extract_tables() -%}
    {%- set path = (env_var('WAREHOUSE_DIR', 'warehouse') ~ '/raw/pipeline/loads.parquet').replace("'", "''") -%}
    {%- if run_query("select count(*) from glob('" ~ path ~ "')").rows[0][0] == 0 -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return(
        run_query(
            "select distinct source || '/' || table_name from read_parquet('" ~ path ~ "') where outcome = 'loaded'"
        ).columns[0].values() | list
    ) }}
{%- endmacro -%}
