{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id,
    random() as x -- <<
from {{ source('sellers') }}
