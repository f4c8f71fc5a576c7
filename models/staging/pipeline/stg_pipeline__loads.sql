with source as (

    select * from {{ source('pipeline', 'loads') }}

)

select
    source,
    table_name,
    file,
    content_hash,
    extract_number,
    row_count,
    rejected_count,
    erased_count,
    outcome,
    reason,
    size_bytes,
    loaded_at
from source
