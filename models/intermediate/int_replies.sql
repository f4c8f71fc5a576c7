{%- set key = ['reply_id', 'source', 'table_name'] -%}
{%- set columns = ['send_id', 'from_number', 'customer_id', 'channel', 'to_number', 'provider'] -%}

{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key=key) }}

-- Replies as each table tells of them, with their whole text, and what can be told from it. fct_replies takes the one
-- of all tables.

with replies as (

    select
        {{ column_list(key + columns, indent=8) }},
        {{ joined_texts('body', 'part', key | join(', ')) }} as body,
        max(received_at) over (partition by {{ key | join(', ') }}) as received_at,
        max(updated_at) over (partition by {{ key | join(', ') }}) as updated_at,
        cast(sum(_row_count) over (partition by {{ key | join(', ') }}) as bigint) as _row_count,
        max(_extract_number) over (partition by {{ key | join(', ') }}) as _extract_number
    from {{ ref('int_reply_parts') }}
    {%- if is_incremental() %}
    where reply_id in (
        select changed.reply_id from {{ ref('int_reply_parts') }} as changed
        where {{ is_above_mark('changed._extract_number', '_extract_number') }}
    )
    {%- endif %}
    qualify row_number() over (partition by {{ key | join(', ') }} order by part) = 1

),

folded as (

    select
        *,
        {{ normalized_keyword('body') }} as normalized_keyword,
        {{ folded_text('body') }} as folded_text
    from replies

),

read as (

    select
        *,
        {{ plain_words('folded_text') }} as words,
        {{ is_reaction('folded_text') }} as is_reaction
    from folded

),

keywords as (

    select
        {{ normalized_keyword('keywords.keyword') }} as normalized_keyword,
        keywords.keyword,
        keywords.keyword_group,
        keyword_groups.is_opt_out
    from {{ ref('keywords') }} as keywords
    inner join {{ ref('keyword_groups') }} as keyword_groups
        on keywords.keyword_group = keyword_groups.keyword_group

)

select
    {{ column_list(key + columns, 'read') }},
    read.body,
    case when read.channel = 'sms' then keywords.keyword end as keyword,
    case when read.channel = 'sms' then keywords.keyword_group end as keyword_group,
    read.channel = 'sms' and coalesce(keywords.is_opt_out, false) as is_opt_out,
    coalesce(keywords.is_opt_out or (not read.is_reaction and {{ asks_to_opt_out('read.words') }}), false)
        as is_possible_opt_out,
    coalesce(read.is_reaction, false) as is_reaction,
    read.received_at,
    read.updated_at,
    read._row_count,
    read._extract_number
from read
left join keywords
    on read.normalized_keyword = keywords.normalized_keyword
