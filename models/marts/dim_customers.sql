with described as (

    select * from {{ ref('int_described_customers') }}

),

-- Of a customer whom only a carrier's log knows, the number is all there is.
log_customers as (

    select distinct customer_id
    from {{ ref('fct_sends') }}
    where is_carrier_log

)

select
    described.customer_id,
    nullif(described.latest_row.customer_external_id, '') as customer_external_id,
    nullif(described.latest_row.customer_name, '') as customer_name,
    nullif(described.latest_row.customer_email, '') as customer_email,
    nullif(described.latest_row.company_id, '') as company_id
from described

union all

select
    log_customers.customer_id,
    cast(null as string) as customer_external_id,
    cast(null as string) as customer_name,
    cast(null as string) as customer_email,
    cast(null as string) as company_id
from log_customers
left join described
    on log_customers.customer_id = described.customer_id
where described.customer_id is null
