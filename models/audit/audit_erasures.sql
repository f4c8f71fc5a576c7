-- That persons were forgotten, and when; nothing here tells who they were.

select
    person_hash,
    nullif(source, '') as source,
    nullif(table_name, '') as table_name,
    row_count,
    erased_at
from {{ ref('stg_pipeline__erasures') }}
