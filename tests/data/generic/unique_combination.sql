{% test unique_combination(model, columns) %}
    {#- A key of several columns; nulls count as equal, since reports have a row for "none". -#}
    select {{ columns | join(', ') }}
    from {{ model }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
{% endtest %}
