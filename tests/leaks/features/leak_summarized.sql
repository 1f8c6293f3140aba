{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, (select max(count)
    from (summarize sources.orders)) as x -- <<
from {{ source('sellers') }}
