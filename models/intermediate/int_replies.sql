{#- In the order of the contract's table, then what it does not name. -#}
{%- set columns = ['send_id', 'customer_id', 'channel', 'body', 'from_number', 'to_number', 'provider'] -%}
{%- set times = ['updated_at', 'received_at'] -%}
{%- set key = ['reply_id', 'source', 'table_name'] -%}

{{ config(materialized='incremental', incremental_strategy='delete+insert', unique_key=key) }}

-- Of the rows of a reply one counts (contract rule 2), in each table that tells of it; fct_replies takes the one of
-- all tables.

with new_rows as (

    select
        reply_id,
        'outbound' as source,
        'replies' as table_name,
        {{ column_list(columns + times, indent=8) }},
        1 as _row_count,
        extract_number as _extract_number
    from {{ ref('stg_outbound__replies') }}
    where
        rejection_reason is null
        and {{ is_new('extract_number', '_extract_number') }}

    union all

    select
        provider_message_id as reply_id,
        source,
        table_name,
        cast(null as varchar) as send_id,
        cast(null as varchar) as customer_id,
        channel,
        body,
        from_number,
        to_number,
        source as provider,
        updated_at,
        sent_at as received_at,
        1 as _row_count,
        extract_number as _extract_number
    from {{ ref('stg_carriers__log_rows') }}
    where
        rejection_reason is null
        and not is_outbound
        and {{ is_new('extract_number', '_extract_number') }}

),

candidates as (

    select * from new_rows
    {%- if is_incremental() %}

    union all

    select
        {{ column_list(key + columns + times, indent=8) }},
        _row_count,
        _extract_number
    from {{ this }}
    where reply_id in (select new_rows.reply_id from new_rows)
    {%- endif %}

),

picked as (

    select
        {{ column_list(key + columns + times, indent=8) }},
        sum(_row_count) over (partition by {{ key | join(', ') }}) as _row_count,
        max(_extract_number) over (partition by {{ key | join(', ') }}) as _extract_number,
        {{ normalized_keyword('body') }} as normalized_keyword,
        {{ folded_text('body') }} as folded_text
    from candidates
    qualify
        row_number() over (
            partition by {{ key | join(', ') }}
            order by {{ (times + columns) | join(' desc nulls last, ') }} desc nulls last
        ) = 1

),

read as (

    select
        *,
        {{ plain_words('folded_text') }} as words,
        {{ is_reaction('folded_text') }} as is_reaction
    from picked

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
    case when read.channel = 'sms' then keywords.keyword end as keyword,
    case when read.channel = 'sms' then keywords.keyword_group end as keyword_group,
    read.channel = 'sms' and coalesce(keywords.is_opt_out, false) as is_opt_out,
    coalesce(keywords.is_opt_out or (not read.is_reaction and {{ asks_to_opt_out('read.words') }}), false)
        as is_possible_opt_out,
    coalesce(read.is_reaction, false) as is_reaction,
    read.received_at,
    read.updated_at,
    cast(read._row_count as bigint) as _row_count,
    read._extract_number
from read
left join keywords
    on read.normalized_keyword = keywords.normalized_keyword
