{#- Data tests of the daily job look at the rows that its build wrote anew, the jobs `rebuild` and `full_check` at all. -#}

{%- macro get_where_subquery(relation) -%}
    {#- What a generic test reads (dbt calls this macro by its name). -#}
    {%- set condition = '' -%}
    {%- if execute and not run_inputs().tests_everything -%}
        {%- set condition = written_rows(relation.identifier) -%}
    {%- endif -%}
    {%- if condition -%}
        {{ return("(select * from " ~ relation ~ " where " ~ condition ~ ") as written_rows") }}
    {%- endif -%}
    {{ return(relation) }}
{%- endmacro -%}

{%- macro written_rows(name) -%}
    {#- Condition: the row of a table of this name was written by this build; empty for tables that every build writes whole.
        Only tables that are built before this one can be read here. -#}
    {%- set of_messages = "message_id in (select message_id from " ~ existing('int_send_changes') ~ ")" -%}
    {%- set of_customers = "customer_id in (select customer_id from " ~ existing('int_send_changes') ~ ")" -%}
    {%- set of_keys = " in (select key from " ~ existing('stg_pipeline__touched_keys') ~ ")" -%}
    {%- set of_replies = "reply_id in (select reply_id from " ~ existing('int_touched_replies') ~ ")" -%}
    {%- if name == 'fct_sends' -%}
        {{ return(
            "sent_date in " ~ days_of(existing('int_sends_after'))
            ~ " and send_id in (select send_id from " ~ existing('int_sends_after') ~ ")"
        ) }}
    {%- endif -%}
    {{ return({
        'fct_delivery_issues': "send_id" ~ of_keys,
        'fct_replies': of_replies,
        'fct_responses': of_replies,
        'int_last_deliveries': of_customers,
        'int_message_costs': of_messages,
        'int_message_customer_counts': of_messages,
        'int_message_days': of_messages,
        'int_message_delivery_buckets': of_messages,
        'int_message_delivery_seconds': of_messages,
        'int_replies_deduplicated': of_replies,
        'int_unmapped_issues': "send_id" ~ of_keys,
        'int_key_extracts': "key_hash in (select " ~ row_hash(['key']) ~ " from " ~ existing('stg_pipeline__touched_keys') ~ ")",
        'rpt_customer_contacts': of_customers,
        'rpt_fix_list': of_customers,
        'rpt_message_delivery': of_messages,
        'rpt_message_issues': of_messages,
    }.get(name, '')) }}
{%- endmacro -%}
