{{ config(
    description = 'Moments that are called known before they came.',
    each = 'column',
    applies = column.is_time and column.known_at is not none
        and not this.is_static,
    message = 'column `' ~ column.name ~ '` shows {rows} moments at or after'
        ~ ' the reference date',
    hint = "its 'known_at' has to be the moment itself, or a later one; a"
        ~ " promise is 'static'",
) }}
-- A value is seen from the first midnight on after what its 'known_at' says
-- and after its row is known. Too early is where that midnight is not later
-- than the moment itself.
select
    {{ key }},
    ({{ column.known_at }})::timestamp as called_known_at,
    "{{ column.name }}",
from (
    select *, {{ reference_date }} as reference_date
    from {{ outcome(this.name) }}
)
where ({{ column.known_at }}) < date_trunc('day', "{{ column.name }}")
    and known_at < date_trunc('day', "{{ column.name }}")
