{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.', columns = {'*': 'Planted'}) }}
select seller_id,
    uuid() as x -- <<
from {{ source('sellers') }}
