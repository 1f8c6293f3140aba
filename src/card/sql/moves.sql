-- From which segment to which, between the last two dates; NULL is not being there.
with dates as (select distinct reference_date as date from {scores} order by date desc limit 2),

now as (from {scores} where reference_date = (select max(date) from dates)),

before as (
    from {scores}
    where reference_date = (select min(date) from dates having count(*) = 2)
)

select
    before.segment_name as origin,
    now.segment_name as destination,
    coalesce(any_value(now.segment), 1000) as place,
    count(*) as moved,
    (select min(date) from dates) as since,
    (select max(date) from dates) as until
from before
full join now using ({key})
where (select count(*) from dates) = 2
group by all
order by any_value(before.segment) nulls last, place
