{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id,
    uuid() as x -- <<
from {{ source('sellers') }}
