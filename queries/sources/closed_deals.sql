{{ config(
    files = 'olist_closed_deals_dataset',
    description = 'One row per lead that became a seller.',
    key = 'mql_id',
    known_at = 'won_date',
    required = false,
    columns = {
        'mql_id': {
            'type': 'varchar',
            'description': 'Key of marketing_qualified_leads',
        },
        'seller_id': {
            'type': 'varchar',
            'description': 'Key of sellers, which lists only those that sold',
        },
        'sdr_id': {
            'type': 'varchar',
            'description': 'Sales development representative',
        },
        'sr_id': {
            'type': 'varchar',
            'description': 'Sales representative',
        },
        'won_date': {
            'type': 'timestamp',
            'known_at': 'won_date',
            'description': 'When the deal was won',
        },
        'business_segment': {
            'type': 'varchar',
            'description': 'Segment that the seller declared',
        },
        'lead_type': {
            'type': 'varchar',
            'description': 'Size and kind of the lead',
        },
        'lead_behaviour_profile': {
            'type': 'varchar',
            'description': '
                Behaviour as the sales development representative saw it
            ',
        },
        'has_company': {
            'type': 'boolean',
            'description': 'Whether the lead has a company',
        },
        'has_gtin': {
            'type': 'boolean',
            'description': 'Whether the products have trade item numbers',
        },
        'average_stock': {
            'type': 'varchar',
            'description': 'Stock that the lead declared, as a range',
        },
        'business_type': {
            'type': 'varchar',
            'description': 'Reseller, manufacturer or other',
        },
        'declared_product_catalog_size': {
            'type': 'double',
            'description': 'Products that the lead declared',
        },
        'declared_monthly_revenue': {
            'type': 'double',
            'description': 'Monthly revenue in BRL that the lead declared',
        },
    },
    odd = {
        'deals of a lead that is not there':
            'mql_id not in (
                select mql_id from sources.marketing_qualified_leads
            )',
        'deals of a seller that has not sold':
            'seller_id not in (select seller_id from sources.sellers)',
    },
) }}
select * from {{ raw() }}
