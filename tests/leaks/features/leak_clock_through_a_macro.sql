{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.', columns = {'*': 'Planted'}) }}
select seller_id,
    {{ planted_clock() }} as x -- <<
from {{ source('sellers') }}
