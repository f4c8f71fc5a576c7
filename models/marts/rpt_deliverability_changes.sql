{#- What is compared: of a kind (and reason), all SMS or those of a carrier, country, sender or message. -#}
{%- set compared = 'kind, issue_reason_id, dimension, segment' -%}

with settings as (

    select * from {{ ref('stg_pipeline__settings') }}

),

days as (

    select
        *,
        affected_count / total_count as share,
        sum(case when days_before > 0 then total_count end) over (partition by {{ compared }}) as base_total,
        sum(case when days_before > 0 then affected_count end) over (partition by {{ compared }}) as base_affected
    from {{ ref('rpt_deliverability_days') }}

),

-- How far each day before the window lies from the usual share, in standard deviations of chance alone.
deviations as (

    select
        *,
        case
            when days_before > 0
                then 2 * sqrt(total_count) * (asin(sqrt(share)) - asin(sqrt(base_affected / base_total)))
        end as deviation
    from days

),

moves as (

    select
        *,
        abs(deviation - lag(deviation) over (partition by {{ compared }} order by days_before)) as move
    from deviations

),

-- The spread tells by how much days differ from each other beyond chance (Laney's p' chart: the mean move / 1.128);
-- fewer than four days tell nothing of it.
windows as (

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
    group by {{ compared }}

),

-- What began less than a week ago, or sent too little, has no usual share of its own: it is held against all SMS.
with_usual as (

    select
        windows.*,
        case
            when windows.history_days >= 7 and windows.base_total >= settings.alert_least_sends then windows.dimension
            else 'all'
        end as usual_dimension
    from windows
    cross join settings
    where
        windows.window_total >= settings.alert_least_sends
        and windows.window_affected >= {{ var('alert_least_affected_count') }}

),

shares as (

    select
        with_usual.*,
        with_usual.window_affected / with_usual.window_total as share,
        usual.base_affected / usual.base_total as usual_share,
        usual.base_total as usual_total,
        usual.spread as usual_spread
    from with_usual
    left join windows as usual
        on
            with_usual.kind = usual.kind
            and with_usual.issue_reason_id is not distinct from usual.issue_reason_id
            and with_usual.usual_dimension = usual.dimension
            and (with_usual.segment = usual.segment or with_usual.usual_dimension = 'all')

),

-- Shares are compared by the arcsine of their square roots, whose variance does not depend on the share, so that five
-- sends where one was usual do not look like more than they are; half a send is taken off for continuity.
scored as (

    select
        *,
        2 * (asin(sqrt((window_affected - 0.5) / window_total)) - asin(sqrt(usual_share)))
        / sqrt(1 / window_total + 1 / usual_total)
        / usual_spread as score
    from shares

),

worse as (

    select scored.*
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
worse_days as (

    select
        worse.*,
        days.days_before,
        min(case when days.share < (worse.share + worse.usual_share) / 2 then days.days_before end) over (
            partition by worse.kind, worse.issue_reason_id, worse.dimension, worse.segment
        ) as last_good_day
    from worse
    inner join days
        on
            worse.kind = days.kind
            and worse.issue_reason_id is not distinct from days.issue_reason_id
            and worse.dimension = days.dimension
            and worse.segment = days.segment

),

-- Sends of all that was sent on the weekday of the window in each of the four weeks before.
volumes as (

    select
        dimension,
        segment,
        coalesce(sum(case when days_before = 0 then total_count end), 0) as window_total,
        avg(case when days_before in (7, 14, 21, 28) then total_count end) as usual_total,
        min(case when days_before in (7, 14, 21, 28) then total_count end) as least_total
    from days
    where kind = 'issue_rate'
    group by dimension, segment
    having count(case when days_before in (7, 14, 21, 28) then 1 end) = 4

)

select
    kind,
    issue_reason_id,
    dimension,
    segment,
    cast(window_total as bigint) as sent_count,
    cast(coalesce(delivery_seconds_p95, share) as double) as value,
    cast(coalesce(usual_delivery_seconds_p95, usual_share) as double) as usual_value,
    score,
    max(days_before) as since_days_before
from worse_days
where last_good_day is null or days_before < last_good_day
group by all

union all

select
    'volume_gone' as kind,
    cast(null as string) as issue_reason_id,
    volumes.dimension,
    volumes.segment,
    cast(volumes.window_total as bigint) as sent_count,
    cast(volumes.window_total as double) as value,
    cast(volumes.usual_total as double) as usual_value,
    2 * (sqrt(volumes.usual_total) - sqrt(volumes.window_total)) as score,
    min(days.days_before) - 1 as since_days_before
from volumes
cross join settings
inner join days
    on
        days.kind = 'issue_rate'
        and volumes.dimension = days.dimension
        and volumes.segment = days.segment
        and days.days_before > 0
        and days.total_count > {{ var('alert_gone_share') }} * volumes.least_total
where
    volumes.least_total >= settings.alert_least_sends
    and volumes.window_total <= {{ var('alert_gone_share') }} * volumes.least_total
group by volumes.dimension, volumes.segment, volumes.window_total, volumes.usual_total
