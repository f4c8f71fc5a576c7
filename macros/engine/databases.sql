{#- Where a layer lives: a database of DuckDB is a schema of Spark, which knows no more levels. Schemas of a shared metastore get a
    prefix, SPARK_SCHEMA_PREFIX. -#}

{%- macro spark__generate_schema_name(custom_schema_name, node) -%}
    {{ spark__schema_of_database(node.config.get('database')) }}
{%- endmacro -%}

{%- macro spark__schema_of_database(database) -%}
    {{ return(env_var('SPARK_SCHEMA_PREFIX', '') ~ database if database else target.schema) }}
{%- endmacro -%}

{%- macro built_seed(name) -%}
    {#- The table of a seed, none where it has not been built yet. A unit test has it too, whose graph has no seeds. -#}
    {{ return(adapter.dispatch('built_seed', 'outbound_sms')(name)) }}
{%- endmacro -%}

{%- macro duckdb__built_seed(name) -%}
    {{ return(adapter.get_relation('marts', target.schema, name)) }}
{%- endmacro -%}

{%- macro spark__built_seed(name) -%}
    {{ return(adapter.get_relation(none, spark__schema_of_database('marts'), name)) }}
{%- endmacro -%}

{%- macro stage_external_sources() -%}
    {#- An operation, to be run before a build on Spark: each source becomes an external table over the raw layer's Parquet, or
        over RAW_URL, where the raw layer lies in an object store. Declared columns are text, as delivered; one that a file
        lacks is null. DuckDB reads the files by the sources' external_location. -#}
    {%- for node in graph.sources.values() -%}
        {%- set relation = api.Relation.create(schema=node.schema, identifier=node.identifier) -%}
        {%- set columns = {} -%}
        {%- for column in node.columns.values() -%}
            {%- do columns.update({column.name: column.data_type}) -%}
        {%- endfor -%}
        {%- if node.config.meta.extract -%}
            {%- do columns.update(lineage_columns()) -%}
        {%- endif -%}
        {%- do adapter.create_schema(relation) -%}
        {%- call statement() -%} drop table if exists {{ relation }} {%- endcall -%}
        {%- call statement() -%}
            create table {{ relation }} (
                {%- for name, type in columns.items() %}
                {{ adapter.quote(name) }} {{ type }}{{ "," if not loop.last }}
                {%- endfor %}
            ) using parquet
            options (recursiveFileLookup 'true')
            location {{ text_literal(spark__raw_location(node)) }}
        {%- endcall -%}
    {%- endfor -%}
{%- endmacro -%}

{%- macro spark__raw_location(source) -%}
    {#- The folder or file that a source's external_location reads. -#}
    {%- set raw_dir = '{warehouse_dir}/raw' -%}
    {%- set pattern = source.config.meta.external_location.split("'")[1].replace('{name}', source.name) -%}
    {%- set raw_url = env_var('RAW_URL', '') or raw_dir.replace('{warehouse_dir}', source.config.meta.warehouse_dir) -%}
    {{ return(pattern.replace(raw_dir, raw_url).split('/*')[0]) }}
{%- endmacro -%}

{%- macro lineage_columns() -%}
    {#- What the loader adds to each row of an extract. -#}
    {{ return({
        '_file': 'string',
        '_content_hash': 'string',
        '_extract_number': 'bigint',
        '_line': 'bigint',
        '_loaded_at': 'timestamp',
    }) }}
{%- endmacro -%}
