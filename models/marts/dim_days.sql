with sends as (

    select sent_date from {{ ref('fct_sends') }}

)

-- From the first send to the last; a query that joins it has days without a send too.
select days.day
from {{ days_from_to('(select min(sent_date) from sends)', '(select max(sent_date) from sends)') }} as days
