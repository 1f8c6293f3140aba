{{ config(
    files = 'product_category_name_translation',
    description = '
        One row per product category with its English name; a few categories are
        missing.
    ',
    key = 'product_category_name',
    static = true,
    required = false,
    columns = {
        'product_category_name': {
            'type': 'varchar',
            'description': 'Category, in Portuguese',
        },
        'product_category_name_english': {
            'type': 'varchar',
            'description': 'Category, in English',
        },
    },
) }}
select * from {{ raw() }}
