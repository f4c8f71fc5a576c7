with source as (

    select * from {{ source('pipeline', 'new_extracts') }}

)

select
    source,
    table_name,
    content_hash,
    load_date
from source
