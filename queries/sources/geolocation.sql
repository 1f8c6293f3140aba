{{ config(
    files = 'olist_geolocation_dataset',
    description = '
        Points of zip code prefixes, many a prefix: aggregate before joining.
    ',
    static = true,
    required = false,
    columns = {
        'geolocation_zip_code_prefix': {
            'type': 'varchar',
            'digits': 5,
            'description': 'Zip code prefix: 5 digits, with leading zeros',
        },
        'geolocation_lat': {
            'type': 'double',
            'description': 'Latitude in degrees',
        },
        'geolocation_lng': {
            'type': 'double',
            'description': 'Longitude in degrees',
        },
        'geolocation_city': {
            'type': 'varchar',
            'description': 'City, spelled in several ways',
        },
        'geolocation_state': {
            'type': 'varchar',
            'description': 'State, two letters',
        },
    },
    odd = {
        'points outside Brazil':
            'geolocation_lat not between -34 and 6
                or geolocation_lng not between -74 and -32',
    },
) }}
select * from {{ raw() }}
