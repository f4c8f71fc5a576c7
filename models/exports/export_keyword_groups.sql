with responses as (

    select * from {{ ref('export_responses') }}

),

keyword_groups as (

    select * from {{ ref('keyword_groups') }}

),

settings as (

    select * from {{ ref('stg_pipeline__settings') }}

),

-- The responses are to SMS of OUTPUT_DAYS; so are the customers of whom they are a part.
sent as (

    select count(distinct sends.customer_id) as sent_customer_count
    from {{ ref('fct_sends') }} as sends
    cross join settings
    where
        sends.channel = 'sms'
        and sends.delivery_status <> 'canceled'
        and {{ is_in_output_days('sends.sent_at') }}

),

counted as (

    select
        keyword_group,
        count(*) as response_count,
        count(distinct customer_id) as response_customer_count,
        {{ percentile(0.50, 'response_seconds') }} as response_seconds_p50
    from responses
    group by keyword_group

)

select
    counted.keyword_group,
    case
        when counted.keyword_group is null then 'No keyword: the first reply of each customer'
        else keyword_groups.description
    end as keyword_group_meaning,
    counted.response_count,
    counted.response_customer_count,
    sent.sent_customer_count,
    case
        when sent.sent_customer_count > 0
            then least(1, counted.response_customer_count / sent.sent_customer_count)
    end as response_rate,
    counted.response_seconds_p50
from counted
cross join sent
left join keyword_groups
    on counted.keyword_group = keyword_groups.keyword_group
