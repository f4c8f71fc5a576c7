{%- macro percentile_bucket(value) -%}
    {#- A whole number that grows with a value of at least 0; values with the same one are within one percent. -#}
    cast(floor(100 * ln(1 + {{ value }})) as bigint)
{%- endmacro -%}

{%- macro percentile_rank(fraction) -%}
    {#- The rank of a percentile among all_count values, counted from 0; it lies between two values where it is no whole number. -#}
    cast((all_count - 1) as double) * {{ fraction }}
{%- endmacro -%}

{%- macro percentile_of_ranks(fraction) -%}
    {#- Aggregate: the percentile of values that stand with the ranks (first_rank to last_rank, from 0) that they hold among
        all_count, by linear interpolation between the two ranks around (all_count - 1) * fraction. -#}
    {%- set rank = percentile_rank(fraction) -%}
    {%- set lower = "max(case when first_rank <= floor(" ~ rank ~ ") and floor(" ~ rank ~ ") <= last_rank then delivery_seconds end)" -%}
    {%- set upper = "max(case when first_rank <= ceil(" ~ rank ~ ") and ceil(" ~ rank ~ ") <= last_rank then delivery_seconds end)" -%}
    {{ lower }} + ({{ upper }} - {{ lower }}) * max({{ rank }} - floor({{ rank }}))
{%- endmacro -%}
