{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key='reply_id') }}

{%- set columns = [
    'reply_id', 'send_id', 'from_number', 'customer_id', 'channel', 'to_number', 'body', 'provider', 'received_at',
    'updated_at', 'source', 'table_name', 'content_hash', 'line_number',
] %}

with candidates as (

    select {{ columns | join(', ') }}
    from {{ ref('int_replies_unioned') }}
    {%- if not is_full_build() %}

    union all

    -- Of the older rows, the one that counted until now.
    select {{ columns | join(', ') }}
    from {{ existing('int_replies_deduplicated') }}
    where reply_id in (select reply_id from {{ ref('int_replies_unioned') }})
    {%- endif %}

),

keywords as (

    select
        {{ normalized_keyword('keyword') }} as normalized_keyword,
        keyword,
        keyword_group
    from {{ ref('keywords') }}

),

keyword_groups as (

    select * from {{ ref('keyword_groups') }}

),

deduplicated as (

    select *
    from candidates
    qualify
        row_number() over (
            partition by reply_id
            order by
                updated_at desc nulls last,
                received_at desc nulls last,
                send_id desc nulls last,
                from_number desc nulls last,
                customer_id desc nulls last,
                channel desc nulls last,
                to_number desc nulls last,
                body desc nulls last,
                provider desc nulls last,
                source desc nulls last,
                content_hash desc nulls last,
                line_number desc nulls last
        ) = 1

),

worded as (

    select
        *,
        {{ normalized_keyword('body') }} as normalized_keyword,
        {{ plain_words('body') }} as words
    from deduplicated

)

select
    worded.reply_id,
    worded.send_id,
    worded.from_number,
    worded.customer_id,
    worded.channel,
    worded.to_number,
    worded.body,
    worded.provider,
    case when worded.channel = 'sms' then keywords.keyword end as keyword,
    case when worded.channel = 'sms' then keywords.keyword_group end as keyword_group,
    worded.channel = 'sms' and coalesce(keyword_groups.is_opt_out, false) as is_opt_out,
    coalesce(keyword_groups.is_opt_out or {{ asks_to_opt_out('worded.words') }}, false) as is_possible_opt_out,
    worded.received_at,
    worded.updated_at,
    worded.source,
    worded.table_name,
    worded.content_hash,
    worded.line_number
from worded
left join keywords
    on worded.normalized_keyword = keywords.normalized_keyword
left join keyword_groups
    on keywords.keyword_group = keyword_groups.keyword_group
