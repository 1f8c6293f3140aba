{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id,
    getvariable('tomorrow') as x -- <<
from {{ source('sellers') }}
