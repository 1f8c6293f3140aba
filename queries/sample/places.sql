{{ config(
    description = 'One row per postal code prefix that anybody lives in.',
) }}
-- A state has five prefixes for each thousandth of the buyers, so a prefix
-- drawn evenly is a state drawn by its share, without a join by ranges.
with prefixes as (
    select
        states.*,
        unnest(generate_series(1, buyer_weight * 5)) as n,
    from {{ ref('sample.states') }} as states
),

-- The first 40 % of a state's prefixes are the capital's.
spread as (
    select
        *,
        row_number() over (order by first_zip, n) - 1 as place_no,
        n / (buyer_weight * 5.0) as fraction,
        first_zip + (n - 1) * (last_zip - first_zip + 1)
            // (buyer_weight * 5) as zip,
    from prefixes
),

-- A town is a run of 9 prefixes; its name is put together from two words.
towns as (
    select
        *,
        n // 9 as town_no,
        fraction <= 0.4 as is_capital,
    from spread
)

select
    place_no,
    lpad(zip::varchar, 5, '0') as zip_code_prefix,
    state,
    case
        when is_capital then capital
        else {{ pick('state, town_no', 'town', [
            'sao', 'santa', 'nova', 'campo', 'porto', 'vila', 'monte',
        ]) }} || ' ' || {{ pick('state, town_no', 'saint', [
            'alegre', 'belo', 'verde', 'lima', 'esperanca', 'formoso',
            'andrade', 'paulista', 'mineiro', 'do sul', 'do norte', 'bonito',
        ]) }}
    end as city,
    lat + case
        when is_capital then 0.06 * {{ normal('place_no', 'lat') }}
        else radius_degrees * ({{ uniform('state, town_no', 'lat') }} - 0.5)
    end as lat,
    -- inland is west: towns lie towards the land, not in the sea
    lng + case
        when is_capital then 0.06 * {{ normal('place_no', 'lng') }}
        else -radius_degrees * {{ uniform('state, town_no', 'lng') }}
    end as lng,
    slow_days,
from towns
order by place_no
