{#- How a build that adds to what is there differs from one that makes everything anew (docs/decisions/0004). In a full build
    every model reads all rows. Otherwise the staging models give only the rows of the new extracts and the older rows of the
    sends that those touch; what is between staging and the facts holds just them, and facts and reports replace just their
    rows. -#}

{%- macro once_per_run(name, macro) -%}
    {#- What a macro without arguments returns, asked once in a run of dbt: nearly every model asks, some of them ten times, and an
        answer takes several queries. The graph is the one value that all models of a run share. -#}
    {%- if name not in graph -%}
        {%- do graph.update({name: macro()}) -%}
    {%- endif -%}
    {{ return(graph[name]) }}
{%- endmacro -%}

{%- macro is_full_build() -%}
    {#- Whether the run makes everything anew from the raw layer; what the job decided, see orchestration/build_state.py. -#}
    {%- if execute -%}
        {{ return(run_inputs().is_full) }}
    {%- endif -%}
    {{ return(true) }}
{%- endmacro -%}

{%- macro also_depends_on(names) -%}
    {#- Tell dbt, when it parses, of models that only one kind of build reads. -#}
    {%- if not execute -%}
        {%- for name in names -%}
            {%- do ref(name) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro -%}

{%- macro existing(name) -%}
    {#- A table as the last build left it. No dependency, so that a model can read what it is about to change itself. -#}
    {%- for node in graph.nodes.values() if node.name == name and node.resource_type == 'model' -%}
        {{ return(node.relation_name) }}
    {%- endfor -%}
{%- endmacro -%}

{%- macro declared_columns(name) -%}
    {#- The columns of a model with a contract, in the order of its table. -#}
    {%- for node in graph.nodes.values() if node.name == name and node.resource_type == 'model' -%}
        {{ return(node.columns.keys() | list) }}
    {%- endfor -%}
    {{ return([]) }}
{%- endmacro -%}

{%- macro is_of_new_extract(column, source_name, table_name) -%}
    {#- Condition: the row is of an extract that this run applies. Hashes are written out, so that files and row groups of
        others are not read. -#}
    {%- set hashes = [] -%}
    {%- if execute and not is_full_build() -%}
        {%- for extract in run_inputs().new_extracts
            if extract[0] == source_name and extract[1] == table_name -%}
            {%- do hashes.append("'" ~ extract[2] ~ "'") -%}
        {%- endfor -%}
        {{ return(column ~ " in (" ~ hashes | join(", ") ~ ")" if hashes else "false") }}
    {%- endif -%}
    {{ return("true") }}
{%- endmacro -%}

{%- macro extract_keys(source_name, table_name) -%}
    {#- The columns of a source table that name a send or a reply, as its YAML declares them; see extract_key. -#}
    {%- for node in graph.get('sources', {}).values() if node.source_name == source_name and node.name == table_name -%}
        {{ return(node.config.get('meta', {}).get('extract', {}).get('keys', [])) }}
    {%- endfor -%}
    {{ return([]) }}
{%- endmacro -%}

{%- macro keyed_tables() -%}
    {#- The source tables whose rows name sends or replies, of those that have extracts, as [source, table]. -#}
    {%- set tables = [] -%}
    {%- set loaded = loaded_extract_tables() -%}
    {%- for node in graph.sources.values()
        if node.config.get('meta', {}).get('extract', {}).get('keys') and node.source_name ~ '/' ~ node.name in loaded -%}
        {%- do tables.append([node.source_name, node.name]) -%}
    {%- endfor -%}
    {{ return(tables) }}
{%- endmacro -%}

{%- macro raw_columns(source_name, table_name) -%}
    {#- The declared columns of a source table and the lineage, as a select list. -#}
    {%- set columns = source_columns(source_name, table_name)
        + ['_file', '_content_hash', '_extract_number', '_line', '_loaded_at'] -%}
    {% for column in columns %}"{{ column }}"{{ ", " if not loop.last }}{% endfor %}
{%- endmacro -%}

{%- macro new_extract_rows(source_name, table_name) -%}
    {#- The rows of the extracts of a table that this build applies, in a build that adds to what is there. -#}
    {%- set extracts = [] -%}
    {%- for extract in run_inputs().new_extracts if extract[0] == source_name and extract[1] == table_name -%}
        {%- do extracts.append([extract[2], extract[3]]) -%}
    {%- endfor -%}
    select {{ raw_columns(source_name, table_name) }}
    from {{ raw_files(source_name, table_name, extracts) }}
{%- endmacro -%}

{%- macro reread_table(source_name, table_name) -%}
    {#- Where the older rows of the sends that a build works on stand. -#}
    {{ return(api.Relation.create(
        database=target.database, schema=target.schema, identifier='reread__' ~ source_name ~ '__' ~ table_name
    )) }}
{%- endmacro -%}

{%- macro extract_key(key) -%}
    {#- The value of a column that names a send or a reply, or of a place within a JSON column: message.id. -#}
    {%- set column, _, path = key.partition('.') -%}
    {{ return(json_value('"' ~ column ~ '"', path) if path else cleaned('"' ~ column ~ '"')) }}
{%- endmacro -%}

{%- macro extract_rows(source_name, table_name) -%}
    {#- The rows of a source table that the run works on: all, or those of the new extracts and the older ones of the same
        sends. -#}
    {{- also_depends_on(['stg_pipeline__touched_keys']) -}}
    {%- set relation = source(source_name, table_name) -%}
    {%- if is_full_build() -%}
        select * from {{ relation }}
    {%- else -%}
        {{ new_extract_rows(source_name, table_name) }}
        {%- if extract_keys(source_name, table_name) and source_name ~ '/' ~ table_name in loaded_extract_tables() %}

        union all

        select {{ raw_columns(source_name, table_name) }}
        from {{ reread_table(source_name, table_name) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro -%}

{%- macro tables_with_unplaced_rows() -%}
    {#- The extract tables, each as source/table, of which int_row_places knows fewer rows than were loaded; none (the value) where
        nothing is built, as when dbt parses: any table may have some. -#}
    {%- if not execute or load_relation(ref('int_row_places')) is none -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return(run_query(
        "select loads.source || '/' || loads.table_name"
        ~ " from " ~ ref('stg_pipeline__loads') ~ " as loads"
        ~ " left join " ~ ref('int_row_places') ~ " as places"
        ~ " on loads.source = places.source and loads.table_name = places.table_name"
        ~ " where loads.outcome = 'loaded'"
        ~ " group by loads.source, loads.table_name, places.row_count"
        ~ " having sum(loads.row_count - loads.rejected_count) <> coalesce(places.row_count, 0)"
    ).columns[0].values() | list) }}
{%- endmacro -%}

{%- macro reread_extracts() -%}
    {#- Hook: set aside the older rows of the touched sends. Only extracts are read that hold rows of one, as
        int_key_extracts tells. A check reads all extracts. -#}
    {%- if execute and not is_full_build() -%}
        {%- set ranges -%}
            select distinct
                first_extract_number,
                last_extract_number
            from {{ existing('int_key_extracts') }}
            where key_hash in (select {{ row_hash(['key']) }} from {{ this }})
        {%- endset -%}
        {%- set extracts = run_query(
            "select loads.source, loads.table_name, loads.content_hash, cast(cast(loads.loaded_at as date) as varchar)"
            ~ " from " ~ ref('stg_pipeline__loads') ~ " as loads"
            ~ " where loads.outcome = 'loaded'"
            ~ (" and (true or exists" if run_inputs().checked_days else " and (exists") ~ " (select 1 from (" ~ ranges ~ ") as ranges where loads.extract_number"
            ~ " between ranges.first_extract_number and ranges.last_extract_number))"
            ~ " and not exists (select 1 from " ~ ref('stg_pipeline__new_extracts') ~ " as new_extracts"
            ~ " where loads.source = new_extracts.source and loads.table_name = new_extracts.table_name"
            ~ " and loads.content_hash = new_extracts.content_hash)"
        ).rows -%}
        {%- for source_name, table_name in keyed_tables() -%}
            {%- set chosen = [] -%}
            {%- for extract in extracts if extract[0] == source_name and extract[1] == table_name -%}
                {%- do chosen.append([extract[2], extract[3]]) -%}
            {%- endfor %}
            create or replace table {{ reread_table(source_name, table_name) }} as
            select {{ raw_columns(source_name, table_name) }}
            from {{ raw_files(source_name, table_name, chosen) }}
            where
                {%- for key in extract_keys(source_name, table_name) %}
                {{ "or " if not loop.first -}}
                {{ extract_key(key) }} in (select key from {{ this }})
                {%- endfor %};
        {%- endfor -%}
    {%- endif -%}
{%- endmacro -%}

{%- macro days_of(relation, column='sent_date') -%}
    {#- The days in a column of a relation, written out as an SQL list, so that a scan for them skips all others. -#}
    {%- set days = ["date '1970-01-01'"] -%}
    {%- for row in run_query("select distinct cast(" ~ column ~ " as varchar) from " ~ relation).rows -%}
        {%- do days.append("date '" ~ row[0] ~ "'") -%}
    {%- endfor -%}
    {{ return("(" ~ days | join(", ") ~ ")") }}
{%- endmacro -%}

{%- macro replace_rows(column, relation) -%}
    {#- Hook: take away the rows of an incremental model that it is about to write anew.
        column: the model's column, or several in a list; relation: has the same columns, for the rows that go. -#}
    {%- if execute and not is_full_build() -%}
        {%- set columns = [column] if column is string else column -%}
        delete from {{ this }}
        where exists (
            select 1
            from {{ relation }} as replaced
            where
                {%- for name in columns %}
                {{ "and " if not loop.first }}{{ this.identifier }}.{{ name }} is not distinct from replaced.{{ name }}
                {%- endfor %}
        )
    {%- endif -%}
{%- endmacro -%}

{%- macro replace_touched_sends() -%}
    {#- Hook: take away the rows of the sends that were touched, by the model's send_id. -#}
    {%- if execute and not is_full_build() -%}
        delete from {{ this }}
        where send_id in (select key from {{ ref('stg_pipeline__touched_keys') }} where is_send)
    {%- endif -%}
{%- endmacro -%}

{%- macro update_titles(messages) -%}
    {#- Hook: give the rows of a model the titles that their messages have now. -#}
    {%- if execute and not is_full_build() -%}
        update {{ this }}
        set message_title = (
            select messages.message_title
            from {{ messages }} as messages
            where messages.message_id = {{ this.identifier }}.message_id
        )
        where exists (
            select 1
            from {{ messages }} as messages
            where
                messages.message_id = {{ this.identifier }}.message_id
                and messages.message_title is distinct from {{ this.identifier }}.message_title
        )
    {%- endif -%}
{%- endmacro -%}

{%- macro replace_sends(relation) -%}
    {#- Hook: take away the rows of fct_sends that it is about to write anew. -#}
    {%- if execute and not is_full_build() -%}
        delete from {{ this }}
        where
            sent_date in {{ days_of(relation) }}
            and send_id in (select send_id from {{ relation }})
    {%- endif -%}
{%- endmacro -%}

{%- macro written_sms_issues() -%}
    {#- The rows of fct_sends with an issue of an SMS, of those whose state this build made anew. -#}
    {{- also_depends_on(['fct_sends', 'int_sends_after', 'stg_pipeline__touched_keys']) -}}
    {%- if is_full_build() -%}
        select * from {{ ref('fct_sends') }}
        where channel = 'sms' and delivery_status = 'issue'
    {%- else -%}
        select * from {{ ref('int_sends_after') }}
        where
            channel = 'sms'
            and delivery_status = 'issue'
            and send_id in (select key from {{ ref('stg_pipeline__touched_keys') }} where is_send)
    {%- endif -%}
{%- endmacro -%}
