with settings as (

    select * from {{ ref('stg_pipeline__settings') }}

)

select
    cast(as_of as timestamp) as as_of,
    reporting_timezone,
    cast(receipt_timeout_hours as integer) as receipt_timeout_hours,
    cast(reply_window_days as integer) as reply_window_days,
    cast(output_days as integer) as output_days,
    cast(over_messaged_count as integer) as over_messaged_count,
    cast(alert_hours as integer) as alert_hours,
    cast(alert_least_sends as integer) as alert_least_sends,
    cast(alert_opt_out_percent as integer) as alert_opt_out_percent,
    cast(last_extract_number as bigint) as last_extract_number,
    version,
    cast(published_at as timestamp) as published_at
from settings
