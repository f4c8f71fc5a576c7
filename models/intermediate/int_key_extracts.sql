-- noqa: disable=layout.indent,references.keywords

{{ config(materialized='incremental', incremental_strategy='append') }}

{{ also_depends_on(['int_statuses_unioned']) }}

-- In which extracts the rows of a send or of a carrier's message stand, for the builds that read them again. Keys are
-- hashes, a fifth of the ids' size; two with the same hash only make a build read an extract that it need not.

with keys as (

    {%- if is_full_build() %}

    select
        send_id as key,
        first_extract_number,
        last_extract_number
    from {{ ref('int_send_states') }}

    union all

    select
        coalesce(send_id, provider_message_id) as key,
        first_extract_number,
        last_extract_number
    from {{ ref('int_statuses_deduplicated') }}

    {%- else %}

    select
        coalesce(send_id, provider_message_id) as key,
        extract_number as first_extract_number,
        extract_number as last_extract_number
    from {{ ref('int_statuses_unioned') }}
    where is_new
    {%- endif %}

    union all

    select
        send_id as key,
        extract_number as first_extract_number,
        extract_number as last_extract_number
    from {{ ref('int_sends_unioned') }}
    where is_new

)

select{{ "" if is_full_build() else " distinct" }}
    {{ row_hash(['key']) }} as key_hash,
    first_extract_number,
    last_extract_number
from keys
