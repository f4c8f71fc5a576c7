-- The lists in macros/statuses.sql and the seed `statuses` name the same statuses.

select status
from {{ ref('statuses') }}
where
    is_issue <> (status in {{ issue_statuses() }})
    or is_delivery_evidence <> (status in {{ delivery_statuses() }})
    or (stage in ('progress', 'delivered', 'canceled')) <> (status in {{ sending_statuses() }})
