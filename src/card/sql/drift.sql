-- The inputs that moved most in the newest list.
select d.input, d.psi, d.usual_psi, i.description, d.reference_date
from registry.drift as d
left join registry.inputs as i
    on i.model = d.model and i.version = d.model_version and i.input = d.input
where d.model = {model} and d.input <> 'score'
qualify dense_rank() over (order by d.reference_date desc, d.scored_at desc) = 1
order by d.psi desc, d.input
limit 8
