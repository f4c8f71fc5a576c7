with responses as (

    select * from {{ ref('fct_responses') }}

)

select
    message_id,
    message_title,
    keyword_group,
    count(*) as response_count,
    count(distinct customer_id) as response_customer_count,
    percentile_cont(0.50) within group (order by response_seconds) as response_seconds_p50
from responses
group by message_id, message_title, keyword_group
