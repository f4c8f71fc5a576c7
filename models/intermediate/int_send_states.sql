{{ config(
    materialized='incremental',
    incremental_strategy='append',
    pre_hook="{{ replace_touched('send_id') }}"
) }}

{{ also_depends_on(['int_states_merged', 'int_states_after', 'stg_pipeline__touched_keys']) }}

select *
from {{ ref('int_states_merged') if is_full_build() else ref('int_states_after') }}
