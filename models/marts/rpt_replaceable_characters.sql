with sends as (

    select * from {{ ref('fct_sends') }}
    where channel = 'sms' and delivery_status <> 'canceled' and avoidable_segment_count > 0

),

messages as (

    select * from {{ ref('dim_messages') }}

),

replacements as (

    select * from {{ ref('character_replacements') }}

),

-- Few texts differ in the characters that are to be replaced.
texts as (

    select
        message_id,
        replaceable_characters,
        count(*) as sent_count,
        sum(avoidable_segment_count) as avoidable_segment_count
    from sends
    group by message_id, replaceable_characters

),

summed as (

    select
        texts.message_id,
        replacements.character,
        replacements.replacement,
        replacements.character_name,
        cast(sum(texts.sent_count) as bigint) as sent_count,
        cast(sum(texts.avoidable_segment_count) as bigint) as avoidable_segment_count
    from texts
    inner join replacements
        on texts.replaceable_characters like '%' || replacements.character || '%'
    group by texts.message_id, replacements.character, replacements.replacement, replacements.character_name

)

select
    summed.message_id,
    messages.message_title,
    summed.character,
    summed.replacement,
    summed.character_name,
    summed.sent_count,
    summed.avoidable_segment_count
from summed
left join messages
    on summed.message_id = messages.message_id
