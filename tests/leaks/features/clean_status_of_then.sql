{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select i.seller_id, count(*) filter (where o.order_status = 'delivered') as x from {{ source('order_items') }} as i inner join {{ source('orders') }} as o using (order_id) group by i.seller_id
