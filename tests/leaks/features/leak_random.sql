{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.', columns = {'*': 'Planted'}) }}
select seller_id,
    random() as x -- <<
from {{ source('sellers') }}
