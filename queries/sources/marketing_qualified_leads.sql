{{ config(
    files = 'olist_marketing_qualified_leads_dataset',
    description = '
        One row per lead of the marketing funnel: a seller-to-be that asked to
        be contacted.
    ',
    key = 'mql_id',
    known_at = 'first_contact_date',
    required = false,
    columns = {
        'mql_id': {
            'type': 'varchar',
            'description': 'Identifier of the lead',
        },
        'first_contact_date': {
            'type': 'date',
            'known_at': 'first_contact_date',
            'description': 'Day of the first contact',
        },
        'landing_page_id': {
            'type': 'varchar',
            'description': 'Page on which the lead arrived',
        },
        'origin': {
            'type': 'varchar',
            'description': 'Channel that brought the lead',
        },
    },
    odd = {
        'leads without an origin': 'origin is null',
    },
) }}
select * from {{ raw() }}
