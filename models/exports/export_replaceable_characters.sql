with characters as (

    select * from {{ ref('rpt_replaceable_characters') }}

)

select
    message_title,
    character,
    replacement,
    character_name,
    sent_count,
    avoidable_segment_count,
    message_id
from characters
