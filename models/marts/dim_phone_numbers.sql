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
    -- One that was too old to be kept has no number to tell of.
    where to_number is not null and not {{ is_pseudonym('to_number') }}
    group by to_number

),

details as (

    select
        number,
        country_code,
        {{ phone_number_details('number') }} as details
    from numbers
    {%- if is_incremental() %}
    where not exists (select 1 from {{ this }} as known where known.number = numbers.number)
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
from {{ this }} as known
where not exists (select 1 from numbers where numbers.number = known.number)
{%- endif %}
