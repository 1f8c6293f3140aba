{{ config(
    description = 'Raw table: several points for each postal code prefix.',
) }}
-- One prefix in a hundred has none.
with points as (
    select
        *,
        unnest(generate_series(1,
            1 + floor(6 * {{ uniform('place_no', 'points') }})::bigint))
            as point_no,
    from {{ ref('sample.places') }}
    where {{ uniform('place_no', 'unmapped') }} >= 0.01
)

select
    zip_code_prefix as geolocation_zip_code_prefix,
    lat + 0.01 * {{ normal('place_no, point_no', 'lat') }}
        as geolocation_lat,
    lng + 0.01 * {{ normal('place_no, point_no', 'lng') }}
        as geolocation_lng,
    city as geolocation_city,
    state as geolocation_state,
from points
