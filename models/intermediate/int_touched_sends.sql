-- noqa: disable=layout.indent,references.qualification

{{ config(materialized='table') }}

{{ also_depends_on(['stg_pipeline__new_keys', 'stg_pipeline__settings', 'stg_pipeline__loads']) }}

-- The sends in fct_sends that this build makes anew, as they stand there; none in a full build. A send is touched by
-- its own rows, by statuses, by a reply that names it, by a carrier's row that it claims, by the passing of its receipt
-- timeout, and by a check of its day.

{%- if is_full_build() %}

select
    cast(null as varchar) as send_id,
    cast(null as varchar) as provider_message_id,
    cast(null as date) as sent_date,
    cast(null as boolean) as is_shared
where false

{%- else %}

{%- set moments = run_query(
    "select least(previous_as_of, as_of), greatest(previous_as_of, as_of), receipt_timeout_hours from "
    ~ ref('stg_pipeline__settings')
).rows[0] %}
{%- set checked_days = run_inputs().checked_days %}
{%- set has_carrier_logs = run_query(
    "select count(*) from " ~ ref('stg_pipeline__loads') ~ " where outcome = 'loaded' and source <> 'outbound'"
).rows[0][0] > 0 %}

{%- set conditions = [
    "send_id in (select key from new_keys)",
    "provider_message_id in (select key from new_keys)",
    "sent_at > " ~ add_hours("timestamp '" ~ moments[0] ~ "'", -moments[2])
    ~ " and sent_at <= " ~ add_hours("timestamp '" ~ moments[1] ~ "'", -moments[2])
    ~ " and delivery_status in ('pending', 'unconfirmed')",
] %}
{%- if checked_days %}
{%- do conditions.append("sent_date in (date '" ~ checked_days | join("', date '") ~ "')") %}
{%- endif %}

with new_keys as (

    select * from {{ ref('stg_pipeline__new_keys') }}

),

found as (

    {{ rows_where(existing('fct_sends'), conditions) }}

)
{%- if has_carrier_logs %},

-- And the sends that share a carrier's message with one of these, since one may claim what another did.
other_keys as (

    select provider_message_id as key from found
    where provider_message_id is not null

    union

    select send_id as key from found

),

sharing as (

    {{ rows_where(
        existing('fct_sends'),
        ["send_id in (select key from other_keys)", "provider_message_id in (select key from other_keys)"]
    ) }}

)
{%- endif %}

select
    *,
    false as is_shared
from found
{%- if has_carrier_logs %}

union all

select
    *,
    true as is_shared
from sharing
where send_id not in (select send_id from found)
{%- endif %}
{%- endif %}
