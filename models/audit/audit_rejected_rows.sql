with extract_rows as (

    select * from {{ ref('audit_extract_rows') }}

)

select
    source,
    table_name,
    file,
    content_hash,
    line_number,
    record,
    reason
from extract_rows
where reason is not null
