with moments as (

    {{ alert_moments() }}

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
    from {{ ref('rpt_deliverability_changes') }}

),

-- The sends that an alert is about; where volume is gone, those of the same weekday of the week before.
sends as (

    {{ alert_sends(days=10) }}

),

window_sends as (

    select * from sends
    where days_before in (0, 7) or confirmed_days_before = 0

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
