{{ config(severity='warn') }}

-- A provider whose log tells of messages, none of which is a send that the application handed to that provider: ids
-- that differ, or two accounts. Each such message counts twice.

select
    provider,
    count(*) filter (where is_carrier_log) as log_send_count
from {{ ref('int_sends') }}
group by provider
having
    count(*) filter (where not is_carrier_log) > 0
    and count(*) filter (where is_carrier_log) > 0
    and count(*) filter (
        where is_carrier_log and send_id in (select claimed.send_id from {{ ref('int_sends_claimed') }} as claimed)
    ) = 0
