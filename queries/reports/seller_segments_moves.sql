{{ config(
    description = '
        Segments month by month: how many sellers moved from which segment to
        which, and the share that then fell silent in the segment they came to
    ',
) }}
-- Compares the firsts of months that are scored, the newest first:
-- `olist run --date 2018-01-01..2018-06-01` makes them. A seller without an
-- order in 180 days is in no segment.
with newest as (
    select max(reference_date) as reference_date
    from {{ ref('scores.seller_segments') }}
),

scores as (
    select
        scores.*,
        dense_rank() over (order by scores.reference_date) as month_no,
    from scores.seller_segments as scores
    inner join newest
        on newest.reference_date >= scores.reference_date
    where day(scores.reference_date) = 1
),

months as (
    select distinct month_no, reference_date from scores
),

profiles as (
    select * from scores.seller_segments_profile
),

moves as (
    select
        coalesce(after.month_no, before.month_no + 1) as month_no,
        coalesce(before.segment_name, '(new or back)') as moved_from,
        coalesce(after.segment_name, '(left)') as moved_to,
        after.segment,
    from scores as before
    full join scores as after
        on after.seller_id = before.seller_id
            and after.month_no = before.month_no + 1
),

final as (
    select
        months.reference_date,
        moves.moved_from,
        moves.moved_to,
        count(*) as sellers,
        round(count(*) / sum(count(*)) over (
            partition by months.reference_date, moves.moved_from
        ), 3) as share_of_from,
        round(any_value(profiles.outcome_share), 3) as silent_after_share,
    from moves
    -- no earlier month to come from, no later one to leave in
    inner join months
        on months.month_no = moves.month_no and moves.month_no > 1
    left join profiles
        on profiles.reference_date = months.reference_date
            and profiles.segment = moves.segment
    group by months.reference_date, moves.moved_from, moves.moved_to
)

select * from final
order by reference_date desc, moved_from, sellers desc, moved_to
