-- The segments of the newest date.
select * exclude (reference_date, model_version)
from {profile}
where reference_date = (select max(reference_date) from {profile})
order by segment
