{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select
    seller_id,
    {{ ratio(
        'count(*)',
        'datediff(\'day\', date \'2017-01-01\', current_date /* << */)',
    ) }} as x,
from {{ source('order_items') }}
group by seller_id
