{{ config(
    description = 'A column that is called static, but fills as rows get older.',
    each = 'column',
    applies = column.is_time and column.is_static and not this.is_static,
    message = 'column `' ~ column.name ~ '` is called static, but {rows} of'
        ~ ' the youngest rows have none, far more often than older ones',
    hint = "a value that comes later says when: 'known_at'",
) }}
{% set fewest_rows = 1500 %}
{% set more_often = 0.2 %}
with ordered as (
    select
        *,
        "{{ column.name }}" is null as is_empty,
        percent_rank() over (order by known_at) as place,
    from {{ outcome(this.name) }}
),

shares as (
    select
        count(*) as row_count,
        avg(is_empty::integer) filter (where place >= 0.98) as youngest,
        avg(is_empty::integer) filter (where place < 0.8) as older,
    from ordered
)

select
    {{ key }},
    round(shares.youngest, 2) as empty_share_of_youngest,
    round(shares.older, 2) as empty_share_of_older,
from ordered
cross join shares
where ordered.is_empty
    and ordered.place >= 0.98
    and shares.row_count >= {{ fewest_rows }}
    and shares.youngest > shares.older + {{ more_often }}
