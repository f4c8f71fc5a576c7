{% test rules(model, key, unique=[], required=[], values={}, sentences={}) %}
    {#- What holds for every row of a table: one test for all of it, since each costs a run as much as a small table. -#}
    {{ broken_rules(model, key, unique, required, values, sentences) }}
{% endtest %}
