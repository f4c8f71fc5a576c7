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
    cast(last_extract_number as bigint) as last_extract_number,
    version,
    cast(published_at as timestamp) as published_at
from settings
