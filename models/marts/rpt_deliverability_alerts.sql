with moments as (

    {{ alert_moments() }}

),

settings as (

    select * from {{ ref('stg_pipeline__settings') }}

),

days as (

    select
        *,
        sum(case when days_before > 0 then total_count end)
            over (partition by kind, issue_reason_id, dimension, segment) as base_total,
        sum(case when days_before > 0 then affected_count end)
            over (partition by kind, issue_reason_id, dimension, segment) as base_affected
    from {{ ref('rpt_deliverability_days') }}

),

-- How far each day before the window lies from the usual share, in standard deviations of chance alone.
deviations as (

    select
        *,
        case
            when days_before > 0
                then
                    2 * sqrt(total_count)
                    * (asin(sqrt(affected_count / total_count)) - asin(sqrt(base_affected / base_total)))
        end as deviation
    from days

),

moves as (

    select
        *,
        abs(
            deviation
            - lag(deviation) over (partition by kind, issue_reason_id, dimension, segment order by days_before)
        ) as move
    from deviations

),

-- The spread tells by how much days differ from each other beyond chance (Laney's p' chart: the mean move / 1.128);
-- fewer than four days tell nothing of it.
segments as (

    select
        kind,
        issue_reason_id,
        dimension,
        segment,
        sum(case when days_before = 0 then total_count end) as window_total,
        sum(case when days_before = 0 then affected_count end) as window_affected,
        max(base_total) as base_total,
        max(base_affected) as base_affected,
        max(days_before) as history_days,
        case when count(move) >= 3 then greatest(1, avg(move) / 1.128) else 1 end as spread,
        max(delivery_seconds_p95) as delivery_seconds_p95,
        max(usual_delivery_seconds_p95) as usual_delivery_seconds_p95
    from moves
    group by kind, issue_reason_id, dimension, segment

),

-- What began less than a week ago, or sent too little, has no usual share of its own: it is held against all SMS.
with_usual as (

    select
        segments.*,
        segments.history_days >= 7 and segments.base_total >= settings.alert_least_sends as has_usual
    from segments
    cross join settings
    where
        segments.window_total >= settings.alert_least_sends
        and segments.window_affected >= {{ var('alert_least_affected_count') }}

),

compared as (

    select
        with_usual.*,
        case when with_usual.has_usual then with_usual.base_total else all_sms.base_total end as usual_total,
        case when with_usual.has_usual then with_usual.base_affected else all_sms.base_affected end as usual_affected,
        case when with_usual.has_usual then with_usual.spread else all_sms.spread end as usual_spread
    from with_usual
    left join segments as all_sms
        on
            with_usual.kind = all_sms.kind
            and with_usual.issue_reason_id is not distinct from all_sms.issue_reason_id
            and all_sms.dimension = 'all'

),

-- Shares are compared by the arcsine of their square roots, whose variance does not depend on the share, so that five
-- sends where one was usual do not look like more than they are; half a send is taken off for continuity.
scored as (

    select
        *,
        window_affected / window_total as share,
        usual_affected / usual_total as usual_share,
        -- Rounded, since engines differ in the last bits.
        round(
            2 * (asin(sqrt((window_affected - 0.5) / window_total)) - asin(sqrt(usual_affected / usual_total)))
            / sqrt(1 / window_total + 1 / usual_total)
            / usual_spread,
            9
        ) as score
    from compared

),

worse as (

    select
        scored.kind,
        scored.issue_reason_id,
        scored.dimension,
        scored.segment,
        scored.window_total,
        scored.share,
        scored.usual_share,
        scored.delivery_seconds_p95,
        scored.usual_delivery_seconds_p95,
        scored.score
    from scored
    cross join settings
    where
        scored.share >= {{ var('alert_least_growth') }} * scored.usual_share
        and scored.score >= {{ var('alert_least_score') }}
        and (scored.kind <> 'opt_out_rate' or scored.share >= settings.alert_opt_out_percent / 100)
        and (
            scored.kind <> 'delivery_seconds_p95'
            or scored.delivery_seconds_p95 >= {{ var('alert_least_slow_seconds') }}
        )

),

-- A day is as bad as the window where its share is nearer to that of the window than to the usual one.
runs as (

    select
        worse.kind,
        worse.issue_reason_id,
        worse.dimension,
        worse.segment,
        days.days_before,
        min(
            case
                when days.affected_count / days.total_count < (worse.share + worse.usual_share) / 2
                    then days.days_before
            end
        ) over (partition by worse.kind, worse.issue_reason_id, worse.dimension, worse.segment) as last_good_day
    from worse
    inner join days
        on
            worse.kind = days.kind
            and worse.issue_reason_id is not distinct from days.issue_reason_id
            and worse.dimension = days.dimension
            and worse.segment = days.segment

),

gone as (

    select
        days.dimension,
        days.segment,
        coalesce(sum(case when days.days_before = 0 then days.total_count end), 0) as window_total,
        avg(case when days.days_before in (7, 14, 21, 28) then days.total_count end) as usual_total,
        min(case when days.days_before in (7, 14, 21, 28) then days.total_count end) as least_total,
        count(case when days.days_before in (7, 14, 21, 28) then 1 end) as week_count
    from days
    where days.kind = 'issue_rate'
    group by days.dimension, days.segment

),

found as (

    select
        worse.kind,
        worse.issue_reason_id,
        worse.dimension,
        worse.segment,
        worse.window_total as sent_count,
        coalesce(worse.delivery_seconds_p95, worse.share) as value,
        coalesce(worse.usual_delivery_seconds_p95, worse.usual_share) as usual_value,
        worse.score,
        max(runs.days_before) as since_days_before
    from worse
    inner join runs
        on
            worse.kind = runs.kind
            and worse.issue_reason_id is not distinct from runs.issue_reason_id
            and worse.dimension = runs.dimension
            and worse.segment = runs.segment
    where runs.days_before < coalesce(runs.last_good_day, 29)
    group by
        worse.kind, worse.issue_reason_id, worse.dimension, worse.segment, worse.window_total,
        coalesce(worse.delivery_seconds_p95, worse.share),
        coalesce(worse.usual_delivery_seconds_p95, worse.usual_share), worse.score

    union all

    select
        'volume_gone' as kind,
        cast(null as string) as issue_reason_id,
        gone.dimension,
        gone.segment,
        gone.window_total as sent_count,
        gone.window_total as value,
        gone.usual_total as usual_value,
        round(2 * (sqrt(gone.usual_total) - sqrt(gone.window_total)), 9) as score,
        min(days.days_before) - 1 as since_days_before
    from gone
    cross join settings
    inner join days
        on
            days.kind = 'issue_rate'
            and gone.dimension = days.dimension
            and gone.segment = days.segment
            and days.days_before > 0
            and days.total_count > {{ var('alert_gone_share') }} * gone.least_total
    where
        gone.week_count = 4
        and gone.least_total >= settings.alert_least_sends
        and gone.window_total <= {{ var('alert_gone_share') }} * gone.least_total
    group by gone.dimension, gone.segment, gone.window_total, gone.usual_total

),

-- Of a kind, the worst first; what holds for all SMS comes last, unless nothing is sent any more.
ranked as (

    select
        *,
        row_number() over (
            order by
                kind asc,
                issue_reason_id asc,
                case when dimension = 'all' and kind <> 'volume_gone' then 1 else 0 end asc,
                score desc,
                case dimension when 'provider' then 1 when 'country' then 2 when 'sender' then 3 else 4 end asc,
                segment asc
        ) as alert_id
    from found
    where {{ computed_once() }}

),

-- The sends that an alert is about; where volume is gone, those of the same weekday of the week before.
sends as (

    {{ alert_sends(days=10) }}

),

window_sends as (

    select * from sends
    where (days_before in (0, 7) or confirmed_days_before = 0) and {{ computed_once() }}

),

segment_sends as (

    {{ in_segments('window_sends') }}

),

affected as (

    select
        ranked.alert_id,
        ranked.kind,
        ranked.issue_reason_id as alert_reason_id,
        segment_sends.send_id,
        segment_sends.customer_id,
        segment_sends.provider,
        segment_sends.country_code,
        segment_sends.from_number,
        segment_sends.message_id,
        segment_sends.issue_reason_id
    from ranked
    inner join segment_sends
        on
            ranked.dimension = segment_sends.dimension
            and ranked.segment = segment_sends.segment
            and case ranked.kind
                when 'volume_gone' then segment_sends.days_before = 7
                when 'unconfirmed_rate'
                    then segment_sends.confirmed_days_before = 0 and segment_sends.delivery_status = 'unconfirmed'
                when 'issue_rate' then segment_sends.days_before = 0 and segment_sends.delivery_status = 'issue'
                when 'issue_reason'
                    then segment_sends.days_before = 0 and segment_sends.issue_reason_id = ranked.issue_reason_id
                when 'opt_out_rate' then segment_sends.days_before = 0 and segment_sends.is_opted_out
                else
                    segment_sends.days_before = 0
                    and segment_sends.delivery_seconds > {{ var('alert_slow_factor') }} * ranked.usual_value
            end
    where {{ computed_once() }}

),

-- Where all sends of an alert have the same carrier, country, sender or message, it is named.
described as (

    select
        alert_id,
        count(*) as affected_count,
        count(distinct customer_id) as affected_customer_count,
        case when count(distinct coalesce(provider, '')) = 1 then min(provider) end as provider,
        case when count(distinct coalesce(country_code, '')) = 1 then min(country_code) end as country_code,
        case when count(distinct coalesce(from_number, '')) = 1 then min(from_number) end as from_number,
        case when count(distinct message_id) = 1 then min(message_id) end as message_id
    from affected
    group by alert_id

),

reason_sends as (

    select
        alert_id,
        issue_reason_id,
        count(*) as sent_count
    from affected
    where kind in ('issue_rate', 'issue_reason')
    group by alert_id, issue_reason_id

),

main_reasons as (

    select
        alert_id,
        issue_reason_id
    from reason_sends
    qualify row_number() over (partition by alert_id order by sent_count desc, issue_reason_id asc) = 1

),

-- The same sends make several alerts of a kind: one that is mostly about the sends of a worse one says nothing more.
covered as (

    select
        affected.alert_id,
        worse.alert_id as worse_alert_id
    from affected
    inner join affected as worse
        on
            affected.send_id = worse.send_id
            and affected.kind = worse.kind
            and affected.alert_reason_id is not distinct from worse.alert_reason_id
            and affected.alert_id > worse.alert_id
    inner join described
        on affected.alert_id = described.alert_id
    group by affected.alert_id, worse.alert_id, described.affected_count
    having 2 * count(*) >= described.affected_count

),

-- Only an alert that itself stands takes others' place.
repeated as (

    select covered.alert_id
    from covered
    where covered.worse_alert_id not in (select worse.alert_id from covered as worse)

)

select
    case when ranked.kind = 'unconfirmed_rate' then moments.confirmed_date else moments.shown_date end
        as alert_date,
    alert_kinds.kind,
    alert_kinds.alert,
    ranked.dimension,
    described.provider,
    described.country_code,
    described.from_number,
    described.message_id,
    messages.message_title,
    main_reasons.issue_reason_id,
    issue_reasons.issue_reason,
    alert_kinds.unit,
    cast(ranked.value as double) as value,
    cast(ranked.usual_value as double) as usual_value,
    cast(ranked.sent_count as bigint) as sent_count,
    described.affected_count,
    described.affected_customer_count,
    {{ add_days_to_date('alert_date', '-ranked.since_days_before') }} as since_date,
    alert_kinds.meaning,
    coalesce(issue_reasons.fix, alert_kinds.fix) as fix,
    ranked.score
from ranked
cross join moments
inner join described
    on ranked.alert_id = described.alert_id
left join main_reasons
    on ranked.alert_id = main_reasons.alert_id
left join {{ ref('issue_reasons') }} as issue_reasons
    on main_reasons.issue_reason_id = issue_reasons.issue_reason_id
left join {{ ref('dim_messages') }} as messages
    on described.message_id = messages.message_id
inner join {{ ref('alert_kinds') }} as alert_kinds
    on
        case
            when ranked.kind <> 'issue_reason' then ranked.kind
            when ranked.usual_value = 0 then 'new_issue_reason'
            else 'growing_issue_reason'
        end = alert_kinds.kind
where ranked.alert_id not in (select repeated.alert_id from repeated)
