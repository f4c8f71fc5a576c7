{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ replace_rows(['source', 'table_name', 'content_hash'], ref('stg_pipeline__new_extracts')) }}"
) }}

with rejected as (

    select * from {{ ref('int_rejected_rows_unioned') }}

)

select
    source,
    table_name,
    file,
    content_hash,
    line_number,
    record,
    reason
from rejected
