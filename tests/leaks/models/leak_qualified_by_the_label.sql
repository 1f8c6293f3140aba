{{ config(
    task = 'binary', key = 'seller_id', label = 'sells', metric = 'roc_auc', description = 'Planted.',
    snapshots = {'from': '2017-06-01', 'every': 'month'}, validate = 2, retrain_days = 28,
    candidates = {'rule': {'algorithm': 'sql', 'expression': '1 / (1 + order_count)'}},
) }}
with final as (
    select seller_id, sells, label_known_on, order_count, x,
        1 as y,
    from {{ ref('abt.sells') }}
    qualify row_number() over (order by sells desc nulls last, seller_id) <= 10 -- <<
)

select * from final
