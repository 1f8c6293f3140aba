{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, 1 as x
from read_csv('later.csv') -- <<
