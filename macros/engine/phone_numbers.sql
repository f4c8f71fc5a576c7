{%- macro phone_number_details(number) -%}
    {#- What libphonenumber tells of a number: number_type, region, national_format (orchestration/building/phone_numbers.py). -#}
    {{ return(adapter.dispatch('phone_number_details', 'outbound_sms')(number)) }}
{%- endmacro -%}

{%- macro duckdb__phone_number_details(number) -%}
    phone_number_details({{ number }})
{%- endmacro -%}

{%- macro spark__phone_number_details(number) -%}
    {#- The pipeline registers the function in its session, of which dbt's method `session` makes use; a Thrift server's administrator makes
        a function of that name (docs/scaling.md). -#}
    phone_number_details({{ number }})
{%- endmacro -%}
