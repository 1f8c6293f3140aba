{{ config(entity = 'seller', key = 'seller_id', description = 'Planted.') }}
select i.seller_id, avg(r.review_score) as x from {{ source('order_items') }} as i inner join {{ source('order_reviews') }} as r using (order_id) group by i.seller_id
