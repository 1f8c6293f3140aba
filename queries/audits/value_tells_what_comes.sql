{{ config(
    description = 'A value that tells rows that get a moment later from others.',
    each = 'moment',
    applies = column.is_declared and column.known_at is none
        and not column.is_time and not column.is_key and not this.is_static,
    message = 'column `' ~ column.name ~ '` '
        ~ ('is called known with its row, but' if column.as_of is none
            else "in rows of a week, by its 'as_of',")
        ~ ' tells {rows} rows that get `' ~ moment.name
        ~ '` later from those that never do',
    hint = "a value that is rewritten in place needs 'as_of': what it was at"
        ~ ' the reference date' if column.as_of is none
        else 'give the value of then; a state whose moment is not recorded'
        ~ ' counts from the latest that it can have had',
) }}
{# Fewer rows, and more values than these prove nothing. #}
{% set fewest_rows = 30 %}
{% set most_values = 50 %}
{# Two groups whose values overlap by less are told apart by them. #}
{% set told_apart = 0.5 %}
{% set weeks = 13 %}
with seen as (
    select
        *,
    {% if column.as_of is none %}
        {{ reference_date }} as reference_date,
    from {{ outcome(this.name) }}
    where known_at < {{ reference_date }}
    {% else %}
        -- The rows of each of the last weeks, at the end of their week.
        {{ reference_date }} - 7 * (
            (date_diff('day', known_at::date, {{ reference_date }}) - 1) // 7
        )::integer as reference_date,
    from {{ outcome(this.name) }}
    where known_at < {{ reference_date }}
        and known_at >= {{ reference_date }} - {{ 7 * weeks }}
    {% endif %}
),

valued as (
    select
        *,
        ({{ column.as_of or '"' ~ column.name ~ '"' }})::varchar as seen_value,
        ({{ moment.known_at }}) as moment,
    from seen
),

counted as (
    select
        seen_value,
        count(*) filter (where moment >= reference_date) as later,
        count(*) filter (where moment is null) as never,
    from valued
    group by seen_value
),

overlap as (
    select
        sum(later) as later,
        sum(never) as never,
        count(*) as value_count,
        sum(least(
            later / (select sum(later) from counted),
            never / (select sum(never) from counted)
        )) as share,
    from counted
)

select
    {{ key }},
    valued.seen_value,
    valued.moment,
from valued
cross join overlap
where valued.moment >= valued.reference_date
    and overlap.later >= {{ fewest_rows }}
    and overlap.never >= {{ fewest_rows }}
    and overlap.value_count <= {{ most_values }}
    and overlap.share < {{ told_apart }}
