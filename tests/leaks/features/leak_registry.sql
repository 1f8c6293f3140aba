{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, (select count(*)
    from registry.models) as x -- <<
from {{ source('sellers') }}
