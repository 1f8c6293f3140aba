{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.', columns = {'*': 'Planted'}) }}
select seller_id,
    current_setting('threads') as x -- <<
from {{ source('sellers') }}
