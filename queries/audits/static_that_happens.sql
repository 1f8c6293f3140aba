{{ config(
    description = 'A moment that is called static, but is no plan.',
    each = 'column',
    applies = column.is_time and column.is_static and not this.is_static,
    message = 'column `' ~ column.name ~ '` is called static, but shows'
        ~ ' {rows} moments after their rows, and none after the end of the'
        ~ ' load, as a plan would',
    hint = "a value that comes later says when: 'known_at'",
) }}
{% set fewest_rows = 30 %}
{% set rare = 0.01 %}
with ends as (
    select
        greatest(
        {% for moment in this.later_moments %}
            max("{{ moment.name }}"),
        {% endfor %}
            max(known_at)
        ) as end_at,
        max("{{ column.name }}") as last_at,
        count(*) as row_count,
    from {{ outcome(this.name) }}
)

select
    {{ key }},
    rows.known_at,
    rows."{{ column.name }}",
from {{ outcome(this.name) }} as rows
cross join ends
where rows.known_at < date_trunc('day', rows."{{ column.name }}")
    and ends.last_at <= ends.end_at
qualify count(*) over () >= {{ fewest_rows }}
    and count(*) over () >= {{ rare }} * any_value(ends.row_count) over ()
