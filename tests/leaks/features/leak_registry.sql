{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.', columns = {'*': 'Planted'}) }}
select seller_id, (select count(*)
    from registry.models) as x -- <<
from {{ source('sellers') }}
