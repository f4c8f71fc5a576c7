{% test rules(model, key, unique=[], required=[], values={}, sentences={}) %}
    {#- What holds for every row of a table. One test for all of it, since each costs a run as much as a small table;
        `broken_rule` says which rule a row breaks.
        key: columns that no two rows share; nulls count as equal, since reports have a row for "none".
        unique: further columns of which each differs from row to row, where it has a value.
        required: columns that have a value in every row.
        values: closed lists by column; a column may be null.
        sentences: SQL conditions by what they say in words; null counts as false. -#}
    {%- set conditions = [] -%}
    {%- for column in required -%}
        {%- do conditions.append(["Every row has a value in " ~ column, column ~ " is not null"]) -%}
    {%- endfor -%}
    {%- for column, list in values.items() -%}
        {%- set literals = [] -%}
        {%- for value in list -%}
            {%- do literals.append(value if value is number else "'" ~ value ~ "'") -%}
        {%- endfor -%}
        {%- do conditions.append([
            column ~ " is one of " ~ list | join(", "),
            column ~ " is null or " ~ column ~ " in (" ~ literals | join(", ") ~ ")",
        ]) -%}
    {%- endfor -%}
    {%- do conditions.extend(sentences.items()) -%}
    {%- set keys = key | join(", ") -%}
    select
        'No two rows have the same {{ keys }}' as broken_rule,
        {{ keys }}
    from {{ model }}
    group by {{ keys }}
    having count(*) > 1
    {%- for column in unique %}
    union all
    select
        'No two rows have the same {{ column }}' as broken_rule,
        {{ keys }}
    from {{ model }}
    where {{ column }} in (select {{ column }} from {{ model }} group by {{ column }} having count(*) > 1)
    {%- endfor %}
    {%- if conditions %}
    union all
    select * from (
        select
            case
                {%- for sentence, condition in conditions %}
                when not coalesce({{ condition }}, false) then '{{ sentence | replace("'", "''") }}'
                {%- endfor %}
            end as broken_rule,
            {{ keys }}
        from {{ model }}
    ) as tested
    where broken_rule is not null
    {%- endif %}
{% endtest %}
