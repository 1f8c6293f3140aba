{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select i.seller_id, count(*) as x from {{ source('order_items') }} as i inner join {{ source('orders') }} as o using (order_id) where o.order_estimated_delivery_date >= {{ reference_date }} group by i.seller_id
