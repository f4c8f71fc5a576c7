with loads as (

    select * from {{ ref('stg_pipeline__loads') }}

),

rejected as (

    select
        source,
        table_name,
        content_hash,
        count(*) as rejected_count
    from {{ ref('audit_rejected_rows') }}
    group by source, table_name, content_hash

)

select
    loads.source,
    loads.table_name,
    loads.file,
    loads.content_hash,
    loads.extract_number,
    loads.loaded_at,
    loads.row_count,
    case when loads.outcome = 'loaded' then coalesce(rejected.rejected_count, 0) else 0 end as rejected_count,
    loads.outcome,
    loads.reason,
    loads.size_bytes,
    loads.erased_count
from loads
left join rejected
    on
        loads.source = rejected.source
        and loads.table_name = rejected.table_name
        and loads.content_hash = rejected.content_hash
