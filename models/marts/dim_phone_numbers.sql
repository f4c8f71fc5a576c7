-- noqa: disable=references.consistent

{{ config(
    materialized='incremental',
    incremental_strategy='replace',
    unique_key='number',
    incremental_predicates=['number_type is not null'],
) }}

-- A number tells the same of itself every day, so that only new ones are looked up; one whose last issue turned out to
-- be none goes.

with numbers as (

    select
        to_number as number,
        min(country_code) as country_code
    from {{ ref('fct_delivery_issues') }}
    where to_number is not null
    group by to_number

),

details as (

    select
        number,
        country_code,
        {{ phone_number_details('number') }} as details
    from numbers
    {%- if is_incremental() %}
    where number not in (select known.number from {{ this }} as known)
    {%- endif %}

)

select
    number,
    country_code,
    details.number_type,
    details.region,
    details.national_format,
    details.number_type <> 'unknown' as is_valid
from details
{%- if is_incremental() %}

union all

select
    number,
    country_code,
    cast(null as string) as number_type,
    region,
    national_format,
    is_valid
from {{ this }}
where number not in (select numbers.number from numbers)
{%- endif %}
