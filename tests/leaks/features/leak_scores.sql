{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select seller_id, max(score) as x
from scores.seller_churn -- <<
group by seller_id
