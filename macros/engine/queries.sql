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

{%- macro computed_once() -%}
    {#- Condition, always true, within a common table expression that is costly and read more than once. -#}
    {{ return(adapter.dispatch('computed_once', 'outbound_sms')()) }}
{%- endmacro -%}

{%- macro duckdb__computed_once() -%}
true
{%- endmacro -%}

{%- macro spark__computed_once() -%}
    {#- Spark computes an expression anew for each reader, unless it could come out differently. -#}
rand() >= 0
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
    {#- 0x10, 0b11 and 1_000 are numbers of programs, and none here. -#}
    case when {{ text }} not between '0A' and '0z' and not contains({{ text }}, '_') then try_cast({{ text }} as bigint) end
{%- endmacro -%}

{%- macro spark__whole_number(text) -%}
    {#- Decimals are rounded, as DuckDB does. -#}
    try_cast(round({{ spark__number(text, 'decimal(38, 10)') }}) as bigint)
{%- endmacro -%}

{%- macro decimal_number(text) -%}
    {#- A text as an amount with six decimals; null where it is none. -#}
    {{ return(adapter.dispatch('decimal_number', 'outbound_sms')(text)) }}
{%- endmacro -%}

{%- macro duckdb__decimal_number(text) -%}
    case when not contains({{ text }}, '_') then try_cast({{ text }} as decimal(18, 6)) end
{%- endmacro -%}

{%- macro spark__decimal_number(text) -%}
    {{ spark__number(text, 'decimal(18, 6)') }}
{%- endmacro -%}

{%- macro spark__number(text, type) -%}
    {#- Digits of other scripts are none. -#}
    case when {{ byte_count(text) }} = length({{ text }}) then try_cast({{ text }} as {{ type }}) end
{%- endmacro -%}

{%- macro amount_per(amount, divisor) -%}
    {#- A part of an amount of money, as DuckDB divides decimals: as doubles, rounded to six decimals. -#}
    {{ return(adapter.dispatch('amount_per', 'outbound_sms')(amount, divisor)) }}
{%- endmacro -%}

{%- macro duckdb__amount_per(amount, divisor) -%}
    cast({{ amount }} / {{ divisor }} as decimal(38, 6))
{%- endmacro -%}

{%- macro spark__amount_per(amount, divisor) -%}
    cast(cast(round(cast({{ amount }} as double) / {{ divisor }} * 1000000) as decimal(38, 0)) * 0.000001BD as decimal(38, 6))
{%- endmacro -%}
