-- noqa: disable=layout.indent,references.keywords

{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ replace_touched('key') }}"
) }}

{{ also_depends_on(['stg_pipeline__touched_keys']) }}

-- Ids that statuses name while no send has them, with the extracts in which those stand, for the build that brings the
-- send.

with waiting as (

    select
        send_id as key,
        first_extract_number,
        last_extract_number
    from {{ written_states() }}
    where not is_known

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
{%- if not is_full_build() %}
where key in (select key from {{ ref('stg_pipeline__touched_keys') }})
{%- endif %}
group by key
