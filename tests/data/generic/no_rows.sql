{% test no_rows(model) %}
    {#- The table is empty; each row is a finding. -#}
    select *
    from {{ model }}
{% endtest %}
