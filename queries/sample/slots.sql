{{ config(
    description = 'A thousand slots, shared out among the categories and among '
        ~ 'the states of sellers by their weights.',
) }}
-- Whoever draws a slot evenly draws a category, or a state, by its share, and
-- finds it by an equality: joining millions of rows by ranges would be slow.
with slots as (
    select unnest(generate_series(0, 999)) as slot
),

category_ranges as (
    select
        category_no,
        (sum(weight) over (order by category_no) - weight) * 1000
            // sum(weight) over () as slot_from,
        sum(weight) over (order by category_no) * 1000
            // sum(weight) over () as slot_to,
    from {{ ref('sample.categories') }}
),

state_ranges as (
    select
        state,
        (sum(seller_weight) over (order by state) - seller_weight) * 1000
            // sum(seller_weight) over () as slot_from,
        sum(seller_weight) over (order by state) * 1000
            // sum(seller_weight) over () as slot_to,
    from {{ ref('sample.states') }}
),

state_places as (
    select
        state,
        min(place_no) as first_place_no,
        count(*) as place_count,
    from {{ ref('sample.places') }}
    group by state
)

select
    slots.slot,
    category_ranges.category_no,
    state_places.first_place_no,
    state_places.place_count,
from slots
inner join category_ranges
    on slots.slot >= category_ranges.slot_from
    and slots.slot < category_ranges.slot_to
inner join state_ranges
    on slots.slot >= state_ranges.slot_from
    and slots.slot < state_ranges.slot_to
inner join state_places
    on state_places.state = state_ranges.state
order by slots.slot
