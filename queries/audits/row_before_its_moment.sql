{{ config(
    description = 'Rows that are there because a moment came, before it came.',
    each = 'column',
    of_rows = true,
    applies = column.known_at is not none and column.is_time,
    message = '{rows} rows are visible before their `' ~ column.name
        ~ '`, and no row of the load is without one',
    hint = "'known_at' of a row is the moment from which it can have been in"
        ~ ' the file',
) }}
{% set fewest_rows = 30 %}
{# Rows without the moment, of all; rows that wait for it, of the youngest. #}
{% set rare = 0.001 %}
{% set few = 0.01 %}
with ordered as (
    select
        *,
        percent_rank() over (
            order by {{ 'moment' if this.is_static else 'known_at' }}
        ) as place,
    from (
        select *, "{{ column.name }}" as moment
        from {{ outcome(this.name) }}
    )
),

shares as (
    select
        coalesce(avg((moment is null)::integer), 1) as never,
        coalesce(
            avg((moment is null or moment >= {{ data_until }} + 1)::integer)
                filter (where place >= 0.98),
            1
        ) as waiting,
    from ordered
)

select
    {{ key }},
    ordered.known_at,
    ordered.moment,
from ordered
cross join shares
where shares.never <= {{ rare }}
    and shares.waiting < {{ few }}
{% if not this.is_static %}
    and ordered.known_at < date_trunc('day', ordered.moment)
{% endif %}
qualify count(*) over () >= {{ fewest_rows }}
