with source as (

    select * from {{ source('pipeline', 'erasures') }}

)

select
    person_hash,
    source,
    table_name,
    row_count,
    erased_at
from source
