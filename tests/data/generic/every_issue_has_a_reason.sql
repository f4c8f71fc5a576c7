{% test every_issue_has_a_reason(model) %}
    {#- A seeded code that means an issue says which of the eight reasons it is. -#}
    select provider, code_space, error_code
    from {{ model }}
    where outcome in ('issue', 'account_event') and issue_reason_id is null
{% endtest %}
