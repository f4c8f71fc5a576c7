{%- macro inlined() -%}
    {#- Behind the `as` of a common table expression that is read more than once: plan it anew for each reader, which then reads only its
        columns, instead of keeping all its rows in memory. -#}
    {{ return(adapter.dispatch('inlined', 'outbound_sms')()) }}
{%- endmacro -%}

{%- macro duckdb__inlined() -%}
not materialized
{%- endmacro -%}

{%- macro spark__inlined() -%}
{%- endmacro -%}

{%- macro ordered_row(columns) -%}
    {#- Several columns as one value that orders by the first, then the second, and so on; max of it is the latest row by a total order.
        columns: names with their SQL, none of which may be null. -#}
    {{ return(adapter.dispatch('ordered_row', 'outbound_sms')(columns)) }}
{%- endmacro -%}

{%- macro duckdb__ordered_row(columns) -%}
    struct_pack({% for name, value in columns.items() %}{{ name }} := {{ value }}{{ ", " if not loop.last }}{% endfor %})
{%- endmacro -%}

{%- macro spark__ordered_row(columns) -%}
    struct({% for name, value in columns.items() %}{{ value }} as {{ name }}{{ ", " if not loop.last }}{% endfor %})
{%- endmacro -%}

{%- macro get_incremental_replace_sql(arguments) -%}
    {#- The incremental strategy `replace`: as delete+insert, but a row that fails the model's incremental_predicates is deleted and not inserted
        again. For a fact whose rows can go: the send of a carrier's log goes when the application's send claims it. -#}
    {{ return(adapter.dispatch('get_incremental_replace_sql', 'outbound_sms')(arguments)) }}
{%- endmacro -%}

{%- macro duckdb__get_incremental_replace_sql(arguments) -%}
    {%- set columns = arguments.dest_columns | map(attribute='quoted') | join(', ') -%}
    delete from {{ arguments.target_relation }}
    where {{ arguments.unique_key }} in (select {{ arguments.unique_key }} from {{ arguments.temp_relation }});

    insert into {{ arguments.target_relation }} ({{ columns }})
    select {{ columns }}
    from {{ arguments.temp_relation }}
    where {{ arguments.incremental_predicates | join(' and ') }};
{%- endmacro -%}

{%- macro spark__get_incremental_replace_sql(arguments) -%}
    {#- Only Delta and Iceberg can; of Parquet, tables are made anew (macros/engine/incremental.sql). -#}
    {%- set stays = arguments.incremental_predicates | join(' and ') -%}
    {%- set keys = arguments.unique_key if arguments.unique_key is not string else [arguments.unique_key] -%}
    merge into {{ arguments.target_relation }} as known
    using (select *, {{ stays }} as _stays from {{ arguments.temp_relation }}) as new_rows
    on {{ same(keys, 'known', 'new_rows') }}
    when matched and new_rows._stays then update set
        {%- for column in arguments.dest_columns %}
        {{ column.quoted }} = new_rows.{{ column.quoted }}{{ "," if not loop.last }}
        {%- endfor %}
    when matched then delete
    when not matched and new_rows._stays then insert ({{ arguments.dest_columns | map(attribute='quoted') | join(', ') }})
    values (
        {%- for column in arguments.dest_columns %}
        new_rows.{{ column.quoted }}{{ "," if not loop.last }}
        {%- endfor %}
    )
{%- endmacro -%}

{%- macro no_texts() -%}
    {#- An empty value of type list of texts: null. -#}
    {{ return(adapter.dispatch('no_texts', 'outbound_sms')()) }}
{%- endmacro -%}

{%- macro duckdb__no_texts() -%}
cast(null as varchar[])
{%- endmacro -%}

{%- macro spark__no_texts() -%}
cast(null as array<string>)
{%- endmacro -%}

{%- macro texts_of_group(texts, text, keys) -%}
    {#- Window: the distinct values that the rows of a group have in a column of texts, or in a list of texts where they have one, in order. -#}
    {{ return(adapter.dispatch('texts_of_group', 'outbound_sms')(texts, text, keys)) }}
{%- endmacro -%}

{%- macro duckdb__texts_of_group(texts, text, keys) -%}
list_sort(list_distinct(flatten(array_agg(coalesce({{ texts }}, [{{ text }}])) over (partition by {{ keys }}))))
{%- endmacro -%}

{%- macro spark__texts_of_group(texts, text, keys) -%}
array_sort(array_distinct(array_compact(flatten(collect_list(coalesce({{ texts }}, array({{ text }}))) over (partition by {{ keys }})))))
{%- endmacro -%}

{%- macro each_text(column) -%}
    {#- In a select list: a row for each text of a list; none where it is null. -#}
    {{ return(adapter.dispatch('each_text', 'outbound_sms')(column)) }}
{%- endmacro -%}

{%- macro duckdb__each_text(column) -%}
unnest({{ column }})
{%- endmacro -%}

{%- macro spark__each_text(column) -%}
explode({{ column }})
{%- endmacro -%}

{%- macro joined_texts(text, order, keys) -%}
    {#- Window: the texts of the rows of a group, one behind the other in the order of a column; null where none has any. -#}
    {{ return(adapter.dispatch('joined_texts', 'outbound_sms')(text, order, keys)) }}
{%- endmacro -%}

{%- macro duckdb__joined_texts(text, order, keys) -%}
string_agg({{ text }}, '' order by {{ order }}) over (partition by {{ keys }})
{%- endmacro -%}

{%- macro spark__joined_texts(text, order, keys) -%}
listagg({{ text }}, '') within group (order by {{ order }}) over (partition by {{ keys }})
{%- endmacro -%}

{%- macro whole_quotient(number, divisor) -%}
    {#- How often a whole number holds another. -#}
    {{ return(adapter.dispatch('whole_quotient', 'outbound_sms')(number, divisor)) }}
{%- endmacro -%}

{%- macro duckdb__whole_quotient(number, divisor) -%}
({{ number }} // {{ divisor }})
{%- endmacro -%}

{%- macro spark__whole_quotient(number, divisor) -%}
({{ number }} div {{ divisor }})
{%- endmacro -%}

{%- macro whole_number(text) -%}
    {#- A text as a whole number; null where it is none. -#}
    {{ return(adapter.dispatch('whole_number', 'outbound_sms')(text)) }}
{%- endmacro -%}

{%- macro duckdb__whole_number(text) -%}
    try_cast({{ text }} as bigint)
{%- endmacro -%}

{%- macro spark__whole_number(text) -%}
    {#- Decimals are rounded, as DuckDB does. -#}
    try_cast(round(try_cast({{ text }} as decimal(38, 10))) as bigint)
{%- endmacro -%}
