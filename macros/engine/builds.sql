{%- macro run_inputs() -%}
    {#- What the job wrote down for this run: whether the build is full, the extracts to apply as [source, table, content hash,
        load date], whether data tests look at all rows, and the days whose sends are made anew for a check. A full build where
        nothing is written. -#}
    {{ return(once_per_run('run_inputs', adapter.dispatch('run_inputs', 'outbound_sms'))) }}
{%- endmacro -%}

{%- macro duckdb__run_inputs() -%}
    {%- set folder = (env_var('WAREHOUSE_DIR', 'warehouse') ~ '/raw/pipeline').replace("'", "''") -%}
    {%- set settings = "'" ~ folder ~ "/settings.parquet'" -%}
    {%- set full = {'is_full': true, 'new_extracts': [], 'tests_everything': true, 'checked_days': []} -%}
    {%- if run_query("select count(*) from glob(" ~ settings ~ ")").rows[0][0] == 0 -%}
        {{ return(full) }}
    {%- endif -%}
    {%- set row = run_query("select is_full_build, tests_everything, checked_days from read_parquet(" ~ settings ~ ")").rows[0] -%}
    {%- if row[0] -%}
        {{ return(full) }}
    {%- endif -%}
    {%- set new_extracts = run_query(
        "select source, table_name, content_hash, load_date from read_parquet('" ~ folder ~ "/new_extracts.parquet')"
        " order by all"
    ).rows -%}
    {{ return({
        'is_full': false,
        'new_extracts': new_extracts,
        'tests_everything': row[1],
        'checked_days': row[2].split(',') if row[2] else [],
    }) }}
{%- endmacro -%}

{%- macro raw_files(source_name, table_name, extracts) -%}
    {#- The rows of some extracts in the raw layer, with all declared columns, also where there are none.
        extracts: list of [content hash, load date]. -#}
    {{ return(adapter.dispatch('raw_files', 'outbound_sms')(source_name, table_name, extracts)) }}
{%- endmacro -%}

{%- macro duckdb__raw_files(source_name, table_name, extracts) -%}
    {%- set folder = (env_var('WAREHOUSE_DIR', 'warehouse') ~ '/raw/' ~ source_name ~ '/' ~ table_name).replace("'", "''") -%}
    {%- set files = ["'" ~ folder ~ "/load_date=1970-01-01/declared_columns.parquet'"] -%}
    {%- for extract in extracts -%}
        {%- do files.append("'" ~ folder ~ "/load_date=" ~ extract[1] ~ "/" ~ extract[0] ~ ".parquet'") -%}
    {%- endfor -%}
    read_parquet([{{ files | join(", ") }}], union_by_name = true, hive_partitioning = false)
{%- endmacro -%}

{%- macro loaded_extract_tables() -%}
    {#- The tables of which any extract was loaded, each as source/table; none (the value) where the loader noted nothing yet. -#}
    {{ return(once_per_run('loaded_extract_tables', adapter.dispatch('loaded_extract_tables', 'outbound_sms'))) }}
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

{%- macro rows_where(relation, conditions) -%}
    {#- Query: the rows of a table for which one of some conditions holds. For few rows of a wide table: they are found by the columns of the
        conditions, and only theirs of the other columns are read. -#}
    {{ return(adapter.dispatch('rows_where', 'outbound_sms')(relation, conditions)) }}
{%- endmacro -%}

{%- macro duckdb__rows_where(relation, conditions) -%}
    select *
    from {{ relation }}
    where rowid in (
        {%- for condition in conditions %}
        {{ "union all" if not loop.first }}
        select rowid from {{ relation }}
        where {{ condition }}
        {%- endfor %}
    )
{%- endmacro -%}

{%- macro keep_join_sides() -%}
    {#- Hook: build hash tables on the right sides of joins, as they are written. The engine takes the sends for the smaller side
        of the join with their states, since it can't tell how few of them the other joins drop, and a hash table of all columns
        of all sends takes twice the memory. -#}
    {{ return(adapter.dispatch('keep_join_sides', 'outbound_sms')()) }}
{%- endmacro -%}

{%- macro duckdb__keep_join_sides() -%}
    set disabled_optimizers = 'build_side_probe_side'
{%- endmacro -%}

{%- macro choose_join_sides() -%}
    {#- Hook: the opposite of keep_join_sides. -#}
    {{ return(adapter.dispatch('choose_join_sides', 'outbound_sms')()) }}
{%- endmacro -%}

{%- macro duckdb__choose_join_sides() -%}
    set disabled_optimizers = ''
{%- endmacro -%}

{%- macro is_of_part(key) -%}
    {#- Condition: the row is of the part of the sends that a statement works on; true where it works on all. See
        start_with_first_part. -#}
    {{ return(adapter.dispatch('is_of_part', 'outbound_sms')(key)) }}
{%- endmacro -%}

{%- macro duckdb__is_of_part(key) -%}
    coalesce(hash({{ key }}) % getvariable('part_count') = getvariable('part'), true)
{%- endmacro -%}

{%- macro start_with_first_part(sends) -%}
    {#- Hook, before a model whose rows are of one send each is made anew: let its statement work on as many sends as memory holds, so
        that joins and groups do not go to disk with all columns of all sends. insert_other_parts makes the others.
        sends: relation whose rows tell how many sends there are, about. -#}
    {{ return(adapter.dispatch('start_with_first_part', 'outbound_sms')(sends)) }}
{%- endmacro -%}

{%- macro duckdb__start_with_first_part(sends) -%}
    {%- if execute and is_full_build() -%}
        {%- set sends_per_part = var('sends_per_gigabyte') * env_var('MEMORY_LIMIT_GB', '3') | int -%}
        {%- set part_count = (run_query("select count(*) from " ~ sends).rows[0][0] / sends_per_part) | round(0, 'ceil') | int -%}
        {%- if part_count > 1 -%}
            set variable part_count = {{ part_count }};
            set variable part = 0;
        {%- endif -%}
    {%- endif -%}
{%- endmacro -%}

{%- macro insert_other_parts(select) -%}
    {#- Hook, after a model that start_with_first_part stands before: add the other parts, one after the other.
        select: the model's compiled query. -#}
    {{ return(adapter.dispatch('insert_other_parts', 'outbound_sms')(select)) }}
{%- endmacro -%}

{%- macro duckdb__insert_other_parts(select) -%}
    {%- if execute and is_full_build() -%}
        {%- for part in range(1, run_query("select coalesce(getvariable('part_count'), 1)").rows[0][0]) -%}
            set variable part = {{ part }};
            insert into {{ this }} by name
            {{ select }};
        {%- endfor -%}
        reset variable part_count;
        reset variable part;
    {%- endif -%}
{%- endmacro -%}
