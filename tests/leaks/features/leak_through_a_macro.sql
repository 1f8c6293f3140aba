{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, count(*) as x
from {{ planted_table() }} -- <<
group by seller_id
