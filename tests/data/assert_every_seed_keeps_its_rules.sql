{{ config(meta={'dagster': {'ref': {'name': 'keywords'}}}) }}

-- The rules of each seed stand in its YAML, in `config.meta.rules`; their kinds are those of macros/rules.sql.

{% set seeds = [
    'alert_kinds', 'calling_prefix_time_zones', 'carrier_code_sources', 'carrier_error_codes', 'channels',
    'character_replacements', 'countries', 'exchange_rates', 'issue_reasons', 'keyword_groups', 'keywords',
    'number_types', 'opt_out_phrases', 'provider_aliases', 'provider_statuses', 'providers',
    'reaction_phrases', 'statuses',
] %}

{% for seed in seeds %}
    {% set rules = graph.nodes['seed.outbound_sms.' ~ seed].config.meta.rules if execute else {'key': []} %}
    select
        '{{ seed }}' as seed,
        broken_rule,
        {{ rules.key | join(" || ', ' || ") }} as seeded_key
    from ({{ broken_rules(ref(seed), **rules) }}) as {{ seed }}
    {{ "union all" if not loop.last }}
{% endfor %}
