{% test expression_is_true(model, expression) %}
    {#- A sentence that holds for every row; null counts as false. -#}
    select *
    from {{ model }}
    where not coalesce({{ expression }}, false)
{% endtest %}
