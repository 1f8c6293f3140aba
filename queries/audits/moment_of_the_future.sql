{{ config(
    description = 'Moments at or after the reference date, as it sees them.',
    each = 'column',
    applies = column.is_time and not column.is_static and not this.is_static,
    message = 'column `' ~ column.name ~ '` shows {rows} moments at or after'
        ~ ' the reference date',
    hint = "its 'known_at' has to be the moment itself, or a later one; a"
        ~ " promise is 'static'",
) }}
select
    {{ key }},
    "{{ column.name }}",
from {{ source(this.name) }}
where "{{ column.name }}" >= {{ reference_date }}
