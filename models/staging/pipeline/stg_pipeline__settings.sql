with source as (

    select * from {{ source('pipeline', 'settings') }}

)

select
    as_of,
    reporting_timezone,
    receipt_timeout_hours,
    output_days,
    reply_window_days,
    over_messaged_count,
    alert_hours,
    alert_least_sends,
    alert_opt_out_percent,
    last_extract_number,
    published_at,
    version
from source
