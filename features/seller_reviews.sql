{{ config(
    entity = 'seller',
    key = 'seller_id',
    description = 'One row per seller with an order in the 6 months before the reference date: the reviews of those orders that were answered before it, the latest of each order.',
    columns = {
        'avg_review_score': 'Mean score; NULL without a review',
        'min_review_score': 'Lowest score; NULL without a review',
        'max_review_score': 'Highest score; NULL without a review',
        'median_review_score': 'Median score; NULL without a review',
        'reviewed_order_share': 'Orders with a review / orders',
        'bad_review_share': 'Orders with a score of 1 or 2 / orders with a review; NULL without a review',
    },
    checks = [
        'avg_review_score between 1 and 5',
        'median_review_score between min_review_score and max_review_score',
        'reviewed_order_share between 0 and 1',
        'bad_review_share between 0 and 1',
    ],
) }}
-- Orders, their items, payments and customers are known when bought, reviews
-- later, so the window is one of known_at.
with items as (
    select *
    from {{ source('order_items') }}
    where known_at >= {{ months_before(reference_date, 6) }}
),

reviews as (
    select *
    from {{ source('order_reviews') }}
    where known_at >= {{ months_before(reference_date, 6) }}
),

seller_orders as (
    select distinct
        seller_id,
        order_id,
    from items
),

-- The latest review of an order is the one that counts.
ranked_reviews as (
    select
        order_id,
        review_score,
        row_number() over (
            partition by order_id
            order by
                review_answer_timestamp desc,
                review_creation_date desc,
                review_id desc
        ) as place,
    from reviews
),

latest_reviews as (
    select
        order_id,
        review_score,
    from ranked_reviews
    where place = 1
),

seller_reviews as (
    select
        seller_orders.seller_id,
        latest_reviews.review_score,
    from seller_orders
    left join latest_reviews
        on latest_reviews.order_id = seller_orders.order_id
),

final as (
    select
        seller_id,
        avg(review_score) as avg_review_score,
        min(review_score) as min_review_score,
        max(review_score) as max_review_score,
        median(review_score) as median_review_score,
        {{ ratio('count(review_score)', 'count(*)') }} as reviewed_order_share,
        {{ ratio(
            'count(*) filter (where review_score <= 2)',
            'count(review_score)',
        ) }} as bad_review_share,
    from seller_reviews
    group by seller_id
)

select * from final
