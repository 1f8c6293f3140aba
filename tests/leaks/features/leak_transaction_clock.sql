{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id,
    transaction_timestamp() as x -- <<
from {{ source('sellers') }}
