{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id,
    current_setting('threads') as x -- <<
from {{ source('sellers') }}
