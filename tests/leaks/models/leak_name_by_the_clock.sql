{# << in line 7 #}
{{ config(task = 'clusters', key = 'seller_id', label = 'sells', description = 'Planted.',
    snapshots = {'from': '2017-06-01', 'every': 'month'}, inputs = ['x'],
    profile = {
        'seen': "median(x)",
    },
    name = "current_date::varchar",
    candidates = {'two': {'algorithm': 'k_means', 'clusters': 2}},
) }}
select seller_id, sells, label_known_on, x from {{ ref('abt.sells') }}
