-- The last list all of whose outcomes are known, and that was no back-cast: one row, or none.
select reference_date as date, value, low, high, promised_low, promised_high, rule_value
from registry.outcomes
where model = {model} and metric = {metric} and value is not null and not is_back_cast
order by reference_date desc, scored_at desc
limit 1
