select
    `geolocation_zip_code_prefix`,
    `geolocation_lat`,
    `geolocation_lng`,
    `geolocation_city`,
    `geolocation_state`,
    known_at
from (select *, date '2018-03-01' as reference_date from sources_geolocation) as q
