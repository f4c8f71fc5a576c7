-- noqa: disable=layout.indent,references.keywords

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ replace_rows('key', ref('stg_pipeline__touched_keys')) }}"
) }}

{{ also_depends_on(['stg_pipeline__touched_keys', 'int_sends_after', 'fct_sends']) }}

-- Ids that statuses name while no send has them, with the extracts in which those stand, for the build that brings the send.

with waiting as (

    select
        states.send_id as key,
        states.first_extract_number,
        states.last_extract_number
    from {{ ref('int_send_states') }} as states
    where not exists (
        select 1
        from {{ ref('fct_sends') if is_full_build() else ref('int_sends_after') }} as sends
        where states.send_id = sends.send_id
    )

    union all

    select
        coalesce(statuses.send_id, statuses.provider_message_id) as key,
        statuses.first_extract_number,
        statuses.last_extract_number
    from {{ ref('int_statuses_deduplicated') }} as statuses
    where not exists (
        select 1
        from {{ ref('int_statuses_resolved') }} as resolved
        where statuses.status_key = resolved.status_key
    )

)

select
    key,
    min(first_extract_number) as first_extract_number,
    max(last_extract_number) as last_extract_number
from waiting
group by key
