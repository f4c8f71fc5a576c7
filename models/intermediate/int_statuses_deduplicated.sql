-- Only the statuses that must be joined before they say anything: those that name a send by the carrier's id, and those
-- of an issue, whose code the seeds explain.

with statuses as (

    select * from {{ ref('int_statuses_unioned') }}
    where send_id is null or status in {{ issue_statuses() }}

)

-- The key names one of the rows that say the same; which one does not matter, and it goes no further than the audit.
select
    min(content_hash || ':' || line_number) as status_key,
    source,
    table_name,
    send_id,
    provider,
    provider_message_id,
    status,
    error_code,
    error_code_space,
    error_message,
    occurred_at,
    is_carrier_log,
    count(*) as row_count,
    count(*) filter (where is_new) as new_row_count
from statuses
group by
    source,
    table_name,
    send_id,
    provider,
    provider_message_id,
    status,
    error_code,
    error_code_space,
    error_message,
    occurred_at,
    is_carrier_log
