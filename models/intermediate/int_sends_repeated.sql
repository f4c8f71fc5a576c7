{{ also_depends_on(['stg_pipeline__touched_keys']) }}

-- Only sends with several rows are sorted; they are few, and sorting all would cost more than the rest of the build.

with repeated as (

    select
        send_id,
        is_carrier_log,
        count(*) as row_count
    from {{ ref('int_sends_unioned') }}
    {%- if not is_full_build() %}
    where send_id in (select key from {{ ref('stg_pipeline__touched_keys') }} where is_send)
    {%- endif %}
    group by send_id, is_carrier_log
    having count(*) > 1

)

select
    candidates.send_id,
    candidates.message_id,
    candidates.customer_id,
    candidates.channel,
    candidates.message_title,
    candidates.message_version_id,
    candidates.series_id,
    candidates.series_title,
    candidates.node_id,
    candidates.customer_external_id,
    candidates.customer_name,
    candidates.customer_email,
    candidates.company_id,
    candidates.to_number,
    candidates.from_number,
    candidates.body,
    candidates.segment_count_text,
    candidates.price_text,
    candidates.currency_code,
    candidates.provider,
    candidates.provider_message_id,
    candidates.segment_count,
    candidates.price,
    candidates.sent_at,
    candidates.updated_at,
    candidates.is_carrier_log,
    candidates.source,
    candidates.table_name,
    repeated.row_count
from {{ ref('int_sends_unioned') }} as candidates
inner join repeated
    on
        candidates.send_id = repeated.send_id
        and candidates.is_carrier_log = repeated.is_carrier_log
qualify
    row_number() over (
        partition by candidates.is_carrier_log, candidates.send_id
        order by
            candidates.updated_at desc nulls last,
            candidates.sent_at desc nulls last,
            candidates.message_id desc nulls last,
            candidates.channel desc nulls last,
            candidates.customer_id desc nulls last,
            candidates.message_title desc nulls last,
            candidates.message_version_id desc nulls last,
            candidates.series_id desc nulls last,
            candidates.series_title desc nulls last,
            candidates.node_id desc nulls last,
            candidates.customer_external_id desc nulls last,
            candidates.customer_name desc nulls last,
            candidates.customer_email desc nulls last,
            candidates.company_id desc nulls last,
            candidates.to_number desc nulls last,
            candidates.from_number desc nulls last,
            candidates.body desc nulls last,
            candidates.segment_count_text desc nulls last,
            candidates.price_text desc nulls last,
            candidates.currency_code desc nulls last,
            candidates.provider desc nulls last,
            candidates.provider_message_id desc nulls last,
            candidates.content_hash desc nulls last,
            candidates.line_number desc nulls last
    ) = 1
