with responses as (

    select * from {{ ref('export_responses') }}

),

keyword_groups as (

    select * from {{ ref('keyword_groups') }}

),

counted as (

    select
        keyword_group,
        count(*) as response_count,
        count(distinct customer_id) as response_customer_count,
        percentile_cont(0.50) within group (order by response_seconds) as response_seconds_p50
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
    counted.response_seconds_p50
from counted
left join keyword_groups
    on counted.keyword_group = keyword_groups.keyword_group
