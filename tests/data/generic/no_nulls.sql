{% test no_nulls(model, columns) %}
    {#- One test for all columns of a table that must have a value. -#}
    select {{ columns | join(', ') }}
    from {{ model }}
    where {% for column in columns %}{{ column }} is null{{ " or " if not loop.last }}{% endfor %}
{% endtest %}
