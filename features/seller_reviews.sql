{{ config(
    entity = 'seller',
    key = 'seller_id',
    description = '
        One row per seller with an order in the 6 months before the reference
        date: the reviews of those orders that were answered before it, the
        latest of each order.
    ',
    checks = [
        'avg_review_score between 1 and 5',
        'median_review_score between min_review_score and max_review_score',
        'reviewed_order_share between 0 and 1',
        'bad_review_share between 0 and 1',
    ],
) }}
with seller_orders as (
    select * from {{ ref('features.seller_orders') }}
),

-- The latest review of an order is the one that counts.
reviews as (
    select order_id, review_score
    from {{ last_six_months('order_reviews') }}
    where review_score between 1 and 5
    qualify row_number() over (
        partition by order_id
        order by
            review_answer_timestamp desc,
            review_creation_date desc,
            review_id desc
    ) = 1
),

final as (
    select
        seller_id,
        -- Mean score; NULL without a review
        avg(review_score) as avg_review_score,
        -- Lowest score; NULL without a review
        min(review_score) as min_review_score,
        -- Highest score; NULL without a review
        max(review_score) as max_review_score,
        -- Median score; NULL without a review
        median(review_score) as median_review_score,
        -- Orders with a review / orders
        {{ ratio('count(review_score)', 'count(*)') }}
            as reviewed_order_share,
        -- Orders with a score of 1 or 2 / orders with a review; NULL without
        {{ ratio(
            'count(*) filter (where review_score <= 2)',
            'count(review_score)',
        ) }} as bad_review_share,
    from seller_orders
    left join reviews using (order_id)
    group by seller_id
)

select * from final
