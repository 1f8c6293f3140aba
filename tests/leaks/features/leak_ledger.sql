{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, (select max(rows)
    from pipeline.partitions) as x -- <<
from {{ source('sellers') }}
