{{ config(
    description = 'Raw table: one row per answered review. A few orders have '
        ~ 'two, and a few reviews stand for two orders.',
) }}
-- The question goes out on the day after delivery, or soon after the promised
-- day where nothing has come.
with asked as (
    select
        *,
        least(
            coalesce(delivered_at::date + 1, date '2100-01-01'),
            promised_at::date + 2 + (order_no % 4)::integer
        ) as asked_on,
        greatest(0, coalesce(
            date_diff('day', promised_at::date, delivered_at::date), 12
        )) as late_days,
        unnest(generate_series(1, case
            when {{ uniform('order_no', 'reviewed') }} < 0.008 then 0
            when {{ uniform('order_no', 'reviewed') }} < 0.0135 then 2
            else 1
        end)) as review_no,
    from {{ ref('sample.fates') }}
),

answered as (
    select
        *,
        asked_on + to_seconds(round(86400 * (0.4
            + (review_no - 1) * 6
            + 1.3 * exp(0.9 * {{ normal('order_no, review_no', 'answer') }})
        ))::bigint) as answered_at,
        -- waiting costs most, then the seller's own ways
        {{ normal('order_no, review_no', 'mood') }}
            + 0.4 * quality - 0.6 * neglect
            - case when late_days > 0 then 0.8 else 0 end
            - 0.14 * least(late_days, 10)
            as pleasure,
    from asked
),

scored as (
    select
        *,
        case
            when pleasure > -0.32 then 5
            when pleasure > -0.97 then 4
            when pleasure > -1.37 then 3
            when pleasure > -1.57 then 2
            else 1
        end as score,
    from answered
    where answered_at < timestamp '2018-09-01 00:00:00'
)

select
    case
        when {{ uniform('order_no', 'shared') }} < 0.008
            then {{ identifier('review', '(order_no + 1) || review_no') }}
        else {{ identifier('review', 'order_no || review_no') }}
    end as review_id,
    {{ identifier('order', 'order_no') }} as order_id,
    score as review_score,
    case
        when {{ uniform('order_no', 'title') }} < 0.11
            then ['pessimo', 'ruim', 'regular', 'bom', 'recomendo'][score]
    end as review_comment_title,
    case
        when {{ uniform('order_no', 'talks') }}
            < [0.76, 0.67, 0.43, 0.31, 0.36][score]
            then [
                'Nao recebi o produto ate agora.',
                'Demorou muito, e veio com defeito.',
                'Produto razoavel, entrega demorada.',
                'Gostei do produto.',
                'Chegou antes do prazo, recomendo!',
            ][score]
    end as review_comment_message,
    asked_on::timestamp as review_creation_date,
    answered_at as review_answer_timestamp,
from scored
