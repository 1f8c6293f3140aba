{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id,
    {{ planted_clock() }} as x -- <<
from {{ source('sellers') }}
