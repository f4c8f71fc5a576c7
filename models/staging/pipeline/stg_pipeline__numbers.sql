with source as (

    select * from {{ source('pipeline', 'numbers') }}

)

select
    pseudonym,
    number
from source
