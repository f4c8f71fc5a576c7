with rejected as (

    select * from {{ ref('int_rejected_rows_unioned') }}

)

select
    source,
    table_name,
    file,
    line_number,
    record,
    reason
from rejected
