-- Who was champion when, the newest first.
select c.version, m.candidate, m.mean_metric, m.trained_through, c.since, c.until, c.reason
from registry.champions as c
inner join registry.models as m using (model, version)
where c.model = {model}
order by c.since desc
limit 12
