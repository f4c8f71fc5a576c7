{%- macro percentile(share, column, condition=none) -%}
    {#- Aggregate: a percentile between values of six decimals at most, so that eight are all that there are; the last bits differ between engines. -#}
    round(
        percentile_cont({{ share }}) within group (order by {{ column }})
            {%- if condition %} filter (where {{ condition }}){% endif %},
        8
    )
{%- endmacro -%}
