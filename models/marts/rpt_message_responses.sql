with responses as (

    select * from {{ ref('fct_responses') }}

),

engagement as (

    select * from {{ ref('rpt_message_engagement') }}

),

counted as (

    select
        message_id,
        message_title,
        keyword_group,
        count(*) as response_count,
        count(distinct customer_id) as response_customer_count,
        {{ percentile(0.50, 'response_seconds') }} as response_seconds_p50
    from responses
    group by message_id, message_title, keyword_group

)

select
    counted.message_id,
    counted.message_title,
    counted.keyword_group,
    counted.response_count,
    counted.response_customer_count,
    engagement.sms_sent_customer_count as sent_customer_count,
    -- A reply can name a send that was canceled, whose customer was not sent to.
    case
        when engagement.sms_sent_customer_count > 0
            then least(1, counted.response_customer_count / engagement.sms_sent_customer_count)
    end as response_rate,
    counted.response_seconds_p50
from counted
left join engagement
    on counted.message_id = engagement.message_id
