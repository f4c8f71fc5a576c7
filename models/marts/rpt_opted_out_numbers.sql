with standing as (

    select * from {{ ref('fct_opt_outs') }}
    where opted_in_at is null

),

customers as (

    select
        to_number as number,
        count(distinct customer_id) as customer_count
    from {{ ref('fct_sends') }}
    where
        channel = 'sms'
        and delivery_status <> 'canceled'
        and to_number in (select standing.number from standing)
    group by to_number

),

sends_after as (

    select
        number,
        count(*) as sent_after_count
    from {{ ref('rpt_sends_after_opt_out') }}
    where opted_in_at is null
    group by number

)

select
    standing.number,
    standing.opted_out_by,
    coalesce(customers.customer_count, 0) as customer_count,
    coalesce(sends_after.sent_after_count, 0) as sent_after_count,
    standing.opted_out_at
from standing
left join customers
    on standing.number = customers.number
left join sends_after
    on standing.number = sends_after.number
