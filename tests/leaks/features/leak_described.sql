{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, (select count(*)
    from (describe sources.orders)) as x -- <<
from {{ source('sellers') }}
