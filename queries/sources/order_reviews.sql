{{ config(
    files = 'olist_order_reviews_dataset',
    description = '
        One row per review of an order; an order may have several, and a review
        may stand on several orders.
    ',
    key = ['review_id', 'order_id'],
    known_at = 'review_answer_timestamp',
    columns = {
        'review_id': {
            'type': 'varchar',
            'description': 'Identifier of the review, not unique by itself',
        },
        'order_id': {
            'type': 'varchar',
            'description': 'Key of orders',
        },
        'review_score': {
            'type': 'integer',
            'description': 'From 1, the worst, to 5',
        },
        'review_comment_title': {
            'type': 'varchar',
            'description': 'Title of the comment, in Portuguese',
        },
        'review_comment_message': {
            'type': 'varchar',
            'description': 'Text of the comment, in Portuguese',
        },
        'review_creation_date': {
            'type': 'timestamp',
            'known_at': 'review_creation_date',
            'description': 'When the customer was asked for the review',
        },
        'review_answer_timestamp': {
            'type': 'timestamp',
            'known_at': 'review_answer_timestamp',
            'description': 'When the customer answered',
        },
    },
    odd = {
        'reviews of an order that is not there':
            'order_id not in (select order_id from sources.orders)',
        'reviews of an order that has several':
            'order_id in (
                select order_id from sources.order_reviews
                group by order_id having count(*) > 1
            )',
        'reviews whose review_id stands on several orders':
            'review_id in (
                select review_id from sources.order_reviews
                group by review_id having count(*) > 1
            )',
        'reviews without an answer date, so never known':
            'review_answer_timestamp is null',
        'reviews answered before they were asked for':
            'review_answer_timestamp < review_creation_date',
    },
) }}
select * from {{ raw() }}
