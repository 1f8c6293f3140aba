
with seller_orders as (
    select * from (select * from features_seller_orders where reference_date = date '2018-03-01')
),

-- The latest review of an order is the one that counts.
reviews as (
    select order_id, review_score
    from (select * from order_reviews_as_of
        where known_at >= cast(date '2018-03-01' - interval '6' month as date))
    where review_score between 1 and 5
    qualify row_number() over (
        partition by order_id
        order by
            review_answer_timestamp desc nulls last,
            review_creation_date desc nulls last,
            review_id desc nulls last
    ) = 1
),

final as (
    select
        seller_id,
        -- Mean score; NULL without a review
        (sum(review_score) / 1D / nullif(count(review_score), 0)) as avg_review_score,
        -- Lowest score; NULL without a review
        min(review_score) as min_review_score,
        -- Highest score; NULL without a review
        max(review_score) as max_review_score,
        -- Median score; NULL without a review
        median(case when typeof(review_score) like 'decimal%' then raise_error('the median of decimals differs: cast them to double') else review_score end) as median_review_score,
        -- Orders with a review / orders
        (cast(count(review_score) as double) / nullif(count(*), 0))
            as reviewed_order_share,
        -- Orders with a score of 1 or 2 / orders with a review; NULL without
        (cast(count(*) filter (where review_score <= 2) as double) / nullif(count(review_score), 0)) as bad_review_share
    from seller_orders
    left join reviews using (order_id)
    group by seller_id
)

select * from final
