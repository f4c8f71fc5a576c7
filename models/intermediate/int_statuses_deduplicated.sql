-- noqa: disable=references.qualification

{{ config(
    pre_hook="{{ start_with_first_part(ref('int_send_states')) }}",
    post_hook="{{ insert_other_parts(sql) }}"
) }}

-- Only the statuses that must be joined before they say anything, or that few sends have: those that name a send by the
-- carrier's id, those of an issue, whose code the seeds explain, those of customers, and all of the sends that have one
-- kind several times: whether rows repeat a status or tell of two is seen here.

{%- set columns = [
    'source', 'table_name', 'send_id', 'provider', 'provider_message_id', 'recipient', 'status', 'error_code',
    'error_code_space', 'error_message', 'report_key', 'occurred_at', 'is_carrier_log',
] %}

with statuses as (

    select * from {{ ref('int_statuses_unioned') }}
    where
        (
            send_id is null
            or status not in {{ sending_statuses() }}
            or send_id in (select send_id from {{ ref('int_send_states') }} where row_count > kind_count)
        )
        and {{ is_of_part('coalesce(send_id, provider_message_id)') }}

),

-- Rows that say the same are one status.
deduplicated as (

    select
        {{ columns | join(', ') }},
        min(extract_number) as first_extract_number,
        max(extract_number) as last_extract_number,
        count(*) as row_count,
        count(*) filter (where is_new) as new_row_count
    from statuses
    group by {{ columns | join(', ') }}

)

select
    {{ row_hash(columns) }} as status_key,
    {{ columns | join(', ') }},
    first_extract_number,
    last_extract_number,
    row_count,
    new_row_count
from deduplicated
