{{ also_depends_on(['stg_pipeline__touched_keys']) }}

with candidates as (

    select * from {{ ref('int_sends_unioned') }}
    {%- if not is_full_build() %}
    where send_id in (select key from {{ ref('stg_pipeline__touched_keys') }} where is_send)
    {%- endif %}

),

repeated as (

    select
        is_carrier_log,
        send_id,
        count(*) filter (where is_new) as new_row_count
    from candidates
    group by is_carrier_log, send_id
    having count(*) > 1

),

-- Only sends with several rows are sorted; they are few, and sorting all would cost most of the model.
ranked as (

    select
        candidates.*,
        repeated.new_row_count,
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
        ) as row_rank
    from candidates
    inner join repeated
        on
            candidates.send_id = repeated.send_id
            and candidates.is_carrier_log = repeated.is_carrier_log

),

winners as (

    select
        candidates.*,
        cast(candidates.is_new as bigint) as new_row_count,
        1 as row_rank
    from candidates
    left join repeated
        on
            candidates.send_id = repeated.send_id
            and candidates.is_carrier_log = repeated.is_carrier_log
    where repeated.send_id is null

    union all

    select * from ranked
    where row_rank = 1

),

application_winners as (

    select * from winners
    where not is_carrier_log

),

-- A row of a carrier's log is a send of its own unless a send of the application claims it.
claimed as (

    select log_winners.send_id
    from winners as log_winners
    inner join application_winners
        on log_winners.provider_message_id = application_winners.provider_message_id
    where
        log_winners.is_carrier_log
        and coalesce(application_winners.provider, log_winners.provider) = log_winners.provider

    union

    select log_winners.send_id
    from winners as log_winners
    inner join application_winners
        on log_winners.send_id = application_winners.send_id
    where log_winners.is_carrier_log

),

unclaimed as (

    select winners.*
    from winners
    left join claimed
        on winners.send_id = claimed.send_id
    where winners.is_carrier_log and claimed.send_id is null

),

deduplicated as (

    select * from application_winners

    union all

    select * from unclaimed

),

encoded as (

    select
        *,
        case when channel = 'sms' then {{ text_kind('body') }} end as text_kind
    from deduplicated

)

select
    send_id,
    message_id,
    customer_id,
    channel,
    message_title,
    message_version_id,
    series_id,
    series_title,
    node_id,
    customer_external_id,
    customer_name,
    customer_email,
    company_id,
    to_number,
    from_number,
    length(body) > {{ var('longest_body_characters') }} as is_too_long,
    currency_code,
    provider,
    provider_message_id,
    case text_kind
        when 'ucs2' then 'ucs2'
        when 'basic' then 'gsm7'
        when 'extended' then 'gsm7'
    end as encoding,
    segment_count as reported_segment_count,
    case when text_kind is not null then {{ segment_count('body', 'text_kind') }} end as computed_segment_count,
    price,
    sent_at,
    updated_at,
    is_carrier_log,
    source,
    table_name,
    new_row_count
from encoded
