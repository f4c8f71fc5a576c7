{% test relationships(model, column_name, to, field) %}
    {#- As dbt's own, but of both tables only the rows that the test looks at are read (macros/tests.sql). -#}
    select child.{{ column_name }}
    from (select * from {{ model }}) as child
    where
        child.{{ column_name }} is not null
        and child.{{ column_name }} not in (
            select parent.{{ field }}
            from (select * from {{ get_where_subquery(to) }}) as parent
            where parent.{{ field }} is not null
        )
{% endtest %}
