-- The head of the newest list.
select * exclude (reference_date, trained_through, scored_at)
from {scores}
where reference_date = (select max(reference_date) from {scores})
order by rank, {key}
limit 20
