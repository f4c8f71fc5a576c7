{%- macro percentile(share, column, condition=none) -%}
    {#- Aggregate: a percentile between values that have six decimals at most. Rounded, since engines differ in the last bits. -#}
    round(
        percentile_cont({{ share }}) within group (order by {{ column }})
            {%- if condition %} filter (where {{ condition }}){% endif %},
        9
    )
{%- endmacro -%}
