with moments as (

    {{ alert_moments() }}

),

sends as (

    {{ alert_sends(days=31) }}

),

-- Counted before each is taken five times: there are far fewer of these than sends.
cells as (

    select
        provider,
        country_code,
        from_number,
        message_id,
        issue_reason_id,
        days_before,
        confirmed_days_before,
        count(*) as sent_count,
        count(*) filter (where delivery_status = 'issue') as issue_count,
        count(*) filter (where delivery_status = 'unconfirmed') as unconfirmed_count,
        count(*) filter (where is_opted_out) as opt_out_count
    from sends
    group by
        provider, country_code, from_number, message_id, issue_reason_id, days_before, confirmed_days_before

),

segment_cells as (

    {{ in_segments('cells') }}

),

segment_days as (

    select
        dimension,
        segment,
        days_before,
        sum(sent_count) as sent_count,
        sum(issue_count) as issue_count,
        sum(opt_out_count) as opt_out_count
    from segment_cells
    where days_before between 0 and 28
    group by dimension, segment, days_before

),

reason_days as (

    select
        dimension,
        segment,
        issue_reason_id,
        days_before,
        sum(issue_count) as issue_count
    from segment_cells
    where days_before between 0 and 28 and issue_reason_id is not null
    group by dimension, segment, issue_reason_id, days_before

),

-- An older day of a reason that the window does not have is of no use.
window_reasons as (

    select
        dimension,
        segment,
        issue_reason_id
    from reason_days
    where days_before = 0

),

delivered_sends as (

    select
        provider,
        country_code,
        from_number,
        message_id,
        delivery_seconds,
        days_before
    from sends
    where days_before between 0 and 28 and delivery_seconds is not null

),

delivered_segments as (

    {{ in_segments('delivered_sends') }}

),

-- Only where the 95th percentile of the window is twice the usual one is it told which deliveries were slow.
slowed as (

    select
        dimension,
        segment,
        percentile_cont(0.95) within group (order by delivery_seconds) filter (where days_before = 0)
            as delivery_seconds_p95,
        percentile_cont(0.95) within group (order by delivery_seconds) filter (where days_before > 0)
            as usual_delivery_seconds_p95
    from delivered_segments
    group by dimension, segment
    having delivery_seconds_p95 >= {{ var('alert_slow_factor') }} * usual_delivery_seconds_p95

),

measured as (

    select
        'issue_rate' as kind,
        cast(null as string) as issue_reason_id,
        dimension,
        segment,
        days_before,
        sent_count as total_count,
        issue_count as affected_count
    from segment_days

    union all

    select
        'opt_out_rate' as kind,
        cast(null as string) as issue_reason_id,
        dimension,
        segment,
        days_before,
        sent_count as total_count,
        opt_out_count as affected_count
    from segment_days

    union all

    select
        'issue_reason' as kind,
        window_reasons.issue_reason_id,
        segment_days.dimension,
        segment_days.segment,
        segment_days.days_before,
        segment_days.sent_count as total_count,
        coalesce(reason_days.issue_count, 0) as affected_count
    from segment_days
    inner join window_reasons
        on
            segment_days.dimension = window_reasons.dimension
            and segment_days.segment = window_reasons.segment
    left join reason_days
        on
            segment_days.dimension = reason_days.dimension
            and segment_days.segment = reason_days.segment
            and segment_days.days_before = reason_days.days_before
            and window_reasons.issue_reason_id = reason_days.issue_reason_id

    union all

    select
        'unconfirmed_rate' as kind,
        cast(null as string) as issue_reason_id,
        dimension,
        segment,
        confirmed_days_before as days_before,
        sum(sent_count) as total_count,
        sum(unconfirmed_count) as affected_count
    from segment_cells
    where confirmed_days_before between 0 and 28
    group by dimension, segment, confirmed_days_before

    union all

    select
        'delivery_seconds_p95' as kind,
        cast(null as string) as issue_reason_id,
        delivered_segments.dimension,
        delivered_segments.segment,
        delivered_segments.days_before,
        count(*) as total_count,
        count(*) filter (
            where delivered_segments.delivery_seconds
            > {{ var('alert_slow_factor') }} * slowed.usual_delivery_seconds_p95
        ) as affected_count
    from delivered_segments
    inner join slowed
        on
            delivered_segments.dimension = slowed.dimension
            and delivered_segments.segment = slowed.segment
    group by delivered_segments.dimension, delivered_segments.segment, delivered_segments.days_before

)

select
    measured.kind,
    measured.issue_reason_id,
    measured.dimension,
    measured.segment,
    cast(measured.days_before as integer) as days_before,
    cast(measured.total_count as bigint) as total_count,
    cast(measured.affected_count as bigint) as affected_count,
    slowed.delivery_seconds_p95,
    slowed.usual_delivery_seconds_p95
from measured
left join slowed
    on
        measured.kind = 'delivery_seconds_p95'
        and measured.dimension = slowed.dimension
        and measured.segment = slowed.segment
