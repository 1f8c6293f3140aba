{# << in line 4 #}
{{ config(
    task = 'binary', key = 'seller_id', label = 'sells', metric = 'roc_auc', description = 'Planted.',
    slices = {'some': "current_date > date '2018-01-01'"},
    snapshots = {'from': '2017-06-01', 'every': 'month'}, validate = 2, retrain_days = 28,
    candidates = {'rule': {'algorithm': 'sql', 'expression': '1 / (1 + order_count)'}},
) }}
select seller_id, sells, label_known_on, order_count, x,
    1 as y,
from {{ ref('abt.sells') }}
