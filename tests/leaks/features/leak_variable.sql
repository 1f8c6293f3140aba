{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.', columns = {'*': 'Planted'}) }}
select seller_id,
    getvariable('tomorrow') as x -- <<
from {{ source('sellers') }}
