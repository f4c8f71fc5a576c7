-- Only the statuses that must be joined before they say anything: those that name a send by the carrier's id, and those
-- of an issue, whose code the seeds explain.

with statuses as (

    select * from {{ ref('int_statuses_unioned') }}
    where send_id is null or status in {{ issue_statuses() }}

)

-- Rows that say the same are one status. Its key is what they say, since a line of a file may hold several rows.
select
    concat_ws(
        '|',
        source,
        table_name,
        coalesce(send_id, ''),
        coalesce(provider, ''),
        coalesce(provider_message_id, ''),
        coalesce(recipient, ''),
        status,
        coalesce(error_code, ''),
        coalesce(error_code_space, ''),
        coalesce(error_message, ''),
        coalesce(report_key, ''),
        coalesce(cast(occurred_at as varchar), '')
    ) as status_key,
    source,
    table_name,
    send_id,
    provider,
    provider_message_id,
    recipient,
    status,
    error_code,
    error_code_space,
    error_message,
    occurred_at,
    is_carrier_log,
    min(extract_number) as first_extract_number,
    max(extract_number) as last_extract_number,
    count(*) as row_count,
    count(*) filter (where is_new) as new_row_count
from statuses
group by
    source,
    table_name,
    send_id,
    provider,
    provider_message_id,
    recipient,
    status,
    error_code,
    error_code_space,
    error_message,
    report_key,
    occurred_at,
    is_carrier_log
