{{ config(meta={'dagster': {'ref': {'name': 'carrier_error_codes'}}}) }}

-- What a seed names of another one stands there.

{% set names = [
    ('carrier_code_sources', 'provider', 'providers'),
    ('carrier_error_codes', 'provider', 'providers'),
    ('carrier_error_codes', 'issue_reason_id', 'issue_reasons'),
    ('keywords', 'keyword_group', 'keyword_groups'),
    ('provider_aliases', 'provider', 'providers'),
    ('provider_statuses', 'provider', 'providers'),
    ('provider_statuses', 'status', 'statuses'),
] %}

{% for seed, column, named in names %}
select
    '{{ seed }}.{{ column }}' as named_in,
    {{ column }} as unknown_name
from {{ ref(seed) }}
where {{ column }} not in (select named.{{ column }} from {{ ref(named) }} as named)
{{ "union all" if not loop.last }}
{% endfor %}
