select
    `review_id`,
    `order_id`,
    `review_score`,
    `review_comment_title`,
    `review_comment_message`,
    case when (review_creation_date) < reference_date then `review_creation_date` end as `review_creation_date`,
    case when (review_answer_timestamp) < reference_date then `review_answer_timestamp` end as `review_answer_timestamp`,
    known_at
from (select *, date '2018-03-01' as reference_date from sources_order_reviews) as q
where known_at < reference_date
