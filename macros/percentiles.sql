{%- macro percentile_of_ranks(fraction) -%}
    {#- Aggregate: the percentile of values that stand with the ranks (first_rank to last_rank, from 0) that they hold among
        all_count, by linear interpolation between the two ranks around (all_count - 1) * fraction. -#}
    {%- set rank = "cast((all_count - 1) as double) * " ~ fraction -%}
    {%- set lower = "max(case when first_rank <= floor(" ~ rank ~ ") and floor(" ~ rank ~ ") <= last_rank then delivery_seconds end)" -%}
    {%- set upper = "max(case when first_rank <= ceil(" ~ rank ~ ") and ceil(" ~ rank ~ ") <= last_rank then delivery_seconds end)" -%}
    {{ lower }} + ({{ upper }} - {{ lower }}) * max({{ rank }} - floor({{ rank }}))
{%- endmacro -%}
