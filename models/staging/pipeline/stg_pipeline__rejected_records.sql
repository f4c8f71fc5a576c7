with source as (

    select * from {{ source('pipeline', 'rejected_records') }}

)

select
    source,
    table_name,
    file,
    content_hash,
    line_number,
    record,
    reason
from source
