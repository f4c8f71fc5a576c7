-- noqa: disable=layout.indent,references.consistent

{%- set described = ['customer_external_id', 'customer_name', 'customer_email', 'company_id'] -%}
{%- set columns = ['customer_id', 'sent_at', 'send_id', 'updated_at'] + described -%}
{%- set earliest = "timestamp '0001-01-01 00:00:00'" -%}

{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='customer_id') }}

-- The latest row about a customer that gives a name, an address, an external id or a company (contract rule 12), the
-- largest by a total order; nulls where none does.

with new_rows as (

    select
        {{ column_list(columns, indent=8) }},
        extract_number as _extract_number
    from {{ ref('stg_outbound__sends') }}
    where
        rejection_reason is null
        and {{ is_new('extract_number', '_extract_number') }}

),

folded as (

    select * from new_rows
    {%- if is_incremental() %}

    union all

    select
        {{ column_list(columns, indent=8) }},
        _extract_number
    from {{ this }}
    where customer_id in (select new_rows.customer_id from new_rows)
    {%- endif %}

),

latest as (

    select
        customer_id,
        max(
            case
                when coalesce(customer_external_id, customer_name, customer_email, company_id) is not null
                    then {{ ordered_row({
                        'sent_at': 'sent_at',
                        'send_id': 'send_id',
                        'updated_at': "coalesce(updated_at, " ~ earliest ~ ")",
                        'customer_external_id': "coalesce(customer_external_id, '')",
                        'customer_name': "coalesce(customer_name, '')",
                        'customer_email': "coalesce(customer_email, '')",
                        'company_id': "coalesce(company_id, '')",
                    }) }}
            end
        ) as latest_row,
        max(_extract_number) as _extract_number
    from folded
    group by customer_id

)

select
    customer_id,
    latest_row.sent_at,
    latest_row.send_id,
    nullif(latest_row.updated_at, {{ earliest }}) as updated_at,
    {%- for column in described %}
    nullif(latest_row.{{ column }}, '') as {{ column }},
    {%- endfor %}
    _extract_number
from latest
