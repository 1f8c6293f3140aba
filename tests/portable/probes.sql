-- Each query gives the same rows on DuckDB and, translated, on Spark. Every function of the list stands in one of them.

-- whole numbers, of which sums and halves are exact
select x, abs(x) as a, sign(x) as s, floor(x) as f, ceil(x) as c, ceiling(x) as d, round(x) as r, x % 3 as m,
    mod(x, -3) as n, x / 4 as q, -x / 2 as h, x + 1 as p, x * x as k,
from (values (-7), (-1), (0), (1), (2), (7), (null)) as t (x) order by x;

-- doubles: ties, NaN, Infinity, more than a whole number holds
select x, abs(x) as a, floor(x) as f, ceil(x) as c, round(x) as r, x / 3 as q,
from (
    select x, 1 as y
    from (values (2.5e0), (-2.5e0), (0.5e0), (-0.5e0), (0.49999999999999994e0), (1e300), (-1e300), (null)) as t (x)
    union all
    select sqrt(-1e0) as x, 2 as y
) as q order by y, x;

-- sqrt and powers
select x, sqrt(x) as a, cbrt(x) as b, power(x, 2) as c, pow(x, 0.5) as d, exp(x) as e,
from (values (-8e0), (0e0), (2e0), (27e0), (1e3), (null)) as t (x) order by x;

-- logarithms of what has one
select x, ln(x) as a, log10(x) as b, ln(x) / ln(2) as c,
from (values (1e-300), (0.5e0), (1e0), (10e0), (1e300), (null)) as t (x) order by x;

-- angles
select x, sin(x) as a, cos(x) as b, tan(x) as c, asin(x) as d, acos(x) as e, atan(x) as f, atan2(x, 2) as g,
    radians(x) as h, degrees(x) as i, pi() as p,
from (values (-1.5e0), (-1e0), (0e0), (0.3e0), (1e0), (null)) as t (x) order by x;

-- decimals: DuckDB divides them as doubles, and rounds ties away from 0
select x, x / 3 as q, x / y as r, round(x) as w, floor(x) as f, ceil(x) as c, x * y as p, x + y as s, abs(x) as a,
    cast(x as double) / 7 as e,
from (values (2.50, 0.03), (-2.50, 7.00), (0.50, -0.30), (null, 1.00), (123456789.25, 3.00)) as t (x, y) order by x;

-- casts of doubles: to the even whole number, in decimals away from 0
select x, cast(x as integer) as a, cast(x as bigint) as b, x::integer as c, cast(x as decimal(9, 2)) as d,
    cast(x * 3 as decimal(18, 6)) as e, cast(x as decimal(38, 12)) as f, cast(x > 0 as integer) as g, (x is null)::integer as h,
from (values (0.5e0), (1.5e0), (2.5e0), (-0.5e0), (-1.5e0), (0.125e0), (-0.125e0), (0.135e0), (-23.5435525e0), (null))
    as t (x) order by x;

-- casts of decimals, whole numbers, texts and booleans
select x, cast(x as integer) as a, cast(x as decimal(9, 1)) as b, cast(x as double) as c, cast(x as varchar) as d,
from (values (2.50), (3.50), (-2.50), (0.25), (-0.25), (null)) as t (x) order by x;

select x, cast(x as decimal(9, 2)) as a, cast(x as double) as b, cast(x as varchar) as c, cast(x as boolean) as d,
from (values (0), (7), (-3), (null)) as t (x) order by x;

select x, cast(x as integer) as a, cast(x as double) as b, cast(x as bigint) as c, cast(x as decimal(9, 2)) as d,
from (values ('7'), (' 5 '), ('-3'), (null)) as t (x) order by x;

select x, cast(x as integer) as a, cast(x as varchar) as b, not x as c, x and null as d, x or null as e,
from (values (true), (false), (null)) as t (x) order by x;

-- aggregates of nothing, of NULL alone, and of some
select g, count(*) as a, count(x) as b, count(distinct x) as c, sum(x) as d, avg(x) as e, min(x) as f, max(x) as h,
    median(x) as i, any_value(z) as j, sum(distinct x) as k, avg(distinct x) as l,
from (values ('a', null, 1), ('b', 1, 2), ('b', 2, 2), ('b', 2, 2), ('b', null, 2), ('c', -3, null)) as t (g, x, z)
group by g order by g;

select count(*) as a, count_if(x > 1) as b, sum(x) as c, avg(x) as d, median(x) as e, bool_and(x > 0) as f,
    bool_or(x > 0) as g, min(x) as h, stddev(x) as i,
from (values (1)) as t (x) where x > 5;

select avg(x) as a, sum(x) as b, min(x) as c, max(x) as d, avg(x) filter (where x > 1) as e, avg(x) / sum(x) as f,
    sum(x) / count(*) as g, avg(x) * avg(x) as h,
from (values (0.10), (0.20), (0.35), (1.01), (null)) as t (x);

select stddev(x) as a, stddev_samp(x) as b, stddev_pop(x) as c, variance(x) as d, var_samp(x) as e, var_pop(x) as f,
    quantile_cont(x, 0.25) as g, quantile_cont(x, 0.9) as h, median(x) as i,
from (values (1e0), (2e0), (4e0), (8.5e0), (null)) as t (x);

select stddev(x) as a, var_pop(x) as b, median(x) as c, quantile_cont(x, 0.5) as d, count_if(x = 1) as e
from (values (1)) as t (x);

select max(x) as a, min(x) as b, count(x) as c, sum(x) as d, median(y) as m
from (select sqrt(-1e0) as x, 1 as y union all select 1e0, 2 union all select null, 4) as t;

select g, bool_and(x) as a, bool_or(x) as b, count_if(x) as c, min(x) as d, max(x) as e,
from (values (1, true), (1, null), (2, false), (2, true), (3, null)) as t (g, x) group by g order by g;

-- first by an order: NULL last, in either direction
select g, first(x order by y desc, x) as a, first(x order by y, x desc) as b, first(x order by y nulls first) as c,
    first(x order by y desc, x) filter (where y < 3) as d,
from (values (1, 'a', 1), (1, 'b', 3), (1, 'c', 3), (1, 'd', null), (2, 'e', null), (2, 'f', null)) as t (g, x, y)
where g = 1 or x = 'e' group by g order by g;

-- the order of rows
select x, y from (values (1, 'b'), (null, 'a'), (2, null), (2, 'B'), (1, 'a')) as t (x, y) order by x desc, y;

select x, y from (values (1, 'b'), (null, 'a'), (2, null), (2, 'é'), (1, 'a')) as t (x, y) order by y desc nulls first, x;

-- windows, and their order
select x, row_number() over (order by x desc, y) as a, rank() over (order by x) as b, dense_rank() over (order by x) as c,
    percent_rank() over (order by x) as d, cume_dist() over (order by x) as e, ntile(2) over (order by x, y) as f,
    lag(x) over (order by x, y) as g, lead(x, 2) over (order by x, y) as h, lag(x, 1, 0) over (order by x desc, y) as i,
    first_value(y) over (order by x desc, y) as j, last_value(y) over (order by x, y) as k,
    sum(x) over (order by x) as l, avg(x) over w as m, count(*) filter (where x > 1) over () as n,
    sum(y) over (order by y rows between 1 preceding and current row) as o,
from (values (1, 1), (1, 2), (2, 3), (null, 4), (3, 5)) as t (x, y)
window w as (partition by x) order by y;

select x, y from (values (1, 1), (1, 2), (2, 3), (null, 4)) as t (x, y)
qualify row_number() over (partition by x order by y desc) = 1 order by x;

-- choices
select x, coalesce(x, y, 0) as a, ifnull(x, -1) as b, nullif(x, 1) as c, greatest(x, y) as d, least(x, y, 5) as e,
    if(x > y, 1, 0) as f, case when x > y then 'more' when x is null then 'none' end as g, x is distinct from y as h,
    x in (1, 3) as i, x not in (1, null) as j, x between 1 and y as k, x = y as l,
from (values (1, 2), (3, null), (null, 4), (null, null), (2, 2)) as t (x, y) order by x, y;

select greatest(x, y) as a, least(x, y) as b, x < y as c, x = y as d
from (select sqrt(-1e0) as x, 1e0 as y union all select 1e0, null union all select sqrt(-1e0), sqrt(-1e0)) as t
order by a, b, c;

-- texts
select x, lower(x) as a, upper(x) as b, length(x) as c, left(x, 3) as d, right(x, 2) as e, substring(x, 2) as f,
    substring(x, 2, 3) as g, replace(x, 'a', 'bc') as j, starts_with(x, 'São') as k, ends_with(x, 'o') as l,
    contains(x, 'a') as m, md5(x) as n, x like 'S%o' as o, x like '_a%' as p, x ilike 's%' as q,
from (values ('São Paulo'), ('ab'), (''), ('a''b'), ('back\slash'), (null)) as t (x) order by x;

select length(trim(x)) as a, length(ltrim(x)) as b, length(rtrim(x)) as c from (values (' a '), ('  '), ('b')) as t (x)
order by a, b;

-- dates
select d, year(d) as a, quarter(d) as b, month(d) as c, day(d) as e, isodow(d) as f, last_day(d) as g,
    cast(d - interval '1' month as date) as h, cast(d + interval '1' month as date) as i, cast(d + interval 7 day as date) as j,
    d + 3 as k, extract(year from d) as l, d < date '2018-03-01' as m, cast(date_trunc('month', d) as date) as n,
    cast(date_trunc('week', d) as date) as o, cast(d + interval '1' year as date) as p,
from (values (date '2016-02-29'), (date '2018-01-31'), (date '2018-12-30'), (date '2018-12-31'), (null)) as t (d) order by d;

select t, cast(t as date) as a, hour(t) as b, cast(date_trunc('hour', t) as varchar) as c, cast(t as varchar) as d,
    t - interval '1' month as e, t < date '2018-03-01' as f, t + interval '90' minute as g, year(t) as h,
    cast(date_trunc('day', t) as date) as i, isodow(t) as j,
from (values (timestamp '2018-03-31 23:59:59'), (timestamp '2018-02-28 00:00:00'), (null)) as t (t) order by t;

-- rows of numbers, also none
select x, unnest(range(x)) as n from (values (0), (2), (-1), (null)) as t (x) order by x, n;

select x, unnest(range(x, 4)) as n from (values (1), (4), (6), (null)) as t (x) order by x, n;

-- names of the same list, from first, exclude, joins, unions
with a as (select *, x + 1 as y, y * 2 as z from (values (1), (2), (null)) as t (x)),

b as (select * exclude (y), from a where z > 0),

c as (select a.x, b.z from a left join b on b.x = a.x semi join a as d on d.x is not distinct from a.x)

select x, z from c union all select x, y from a union all select x, z from (from b where x = 1) order by x, z;

select x, count(*) as n, from (values (1), (1), (2)) as t (x) group by all having count(*) > 1 order by x limit 1;

select x from (values (1), (2), (null)) as t (x) where x in (select y from (values (1), (3)) as u (y))
    or exists (select 1 from (values (2)) as v (z) where z = x) order by x;

select x from (values (1), (2), (null)) as t (x) except select 2 order by x;

select "order by", "a`b" from (values (1, 2)) as t ("order by", "a`b");

-- names that a column and an item have, and the columns of joins
select x + 1 as x, x * 2 as y from (values (1), (5)) as t (x) order by y;

select -x as x from (values (1), (5)) as t (x) qualify row_number() over (order by x) = 1;

select x % 2 as x, count(*) as n from (values (1), (5), (2)) as t (x) group by x order by n, x;

select g, sum(x) as x from (values (1, 1), (1, 5), (2, 2)) as t (g, x) group by g having x > 2 order by g;

select g, max(x) as x from (values (1, 1), (1, 5), (2, 2)) as t (g, x) group by g having max(x) > 2 order by g;

select x, a, b from (values (1, 2), (3, 4)) as t (x, a) full join (values (1, 5), (7, 8)) as u (x, b) using (x) order by x;

select * from (values (1, 2), (3, 4)) as t (x, a) right join (values (1, 5), (7, 8)) as u (x, b) using (x) order by x;

select * from (values (1, 2), (3, 4)) as t (x, a) left join (values (1, 5), (7, 8)) as u (x, b) using (x) order by x;

select count(distinct (x, y)) as n from (values (1, null), (1, null), (null, null), (2, 1)) as t (x, y);

select cast(x as date) as d from (values ('2018-01-02'), (' 2018-01-02 ')) as t (x);

select cast(x as date) as d from (values ('2018-1-2')) as t (x);

select cast(x as date) as d from (values ('2018-01-02 10:00:00')) as t (x);

select cast(x as date) as d from (values ('2018-01-02T23:00:00-05:00')) as t (x);

select cast(x as double) as d from (values ('1e5'), (' 1 '), ('+1'), ('.5'), ('5.'), ('-0')) as t (x);

select cast(x as double) as d from (values ('1e400')) as t (x);

select cast(x as decimal(9,2)) as d from (values ('1.005'), ('-1.005'), ('1e1'), (' 2 ')) as t (x);

select x % y as m from (values (7.5, 2), (-7.5, 2), (7.5, -2)) as t (x, y);

select cast(x as double) % 2 as m from (values (7.5), (-7.5)) as t (x);

select case when x then 1 else 2.5 end as a, coalesce(null, 1, 2.5) as b, greatest(1, 2.5, null) as c, case when x then 1e0 else 0.1 end as d from (values (true), (false)) as t (x);

select x * y as a, x + y as b, x - y as c from (values (cast(1.5 as decimal(30,10)), cast(2.25 as decimal(30,10)))) as t (x, y);

select x * y * x as a from (values (cast(1.5 as decimal(30,10)), cast(2.25 as decimal(18,9)))) as t (x, y);

select cast(sum(x) as decimal(18,2)) as a, sum(x) * 0.5 as b, sum(x) / 3 as c from (values (cast(1.11 as decimal(18,2))), (2.22)) as t (x);

select cast(x as varchar) as a from (values (-0.05), (100.00)) as t (x);

select cast(x as varchar) as a from (values (timestamp '2018-01-01 10:00:00.123456'), (timestamp '2018-01-01 10:00:00.1')) as t (x);

select a, b from (select 1 as a, 'x${user.home}y' as b) as t -- path C:\
where a = 1;

-- numbers, texts and comments
select x from (values (1),(2)) as t(x) where x = 0.1e1 or x = 2.0;

select sum(x) over (order by y rows between 1 preceding and 1 following) as s, sum(x) over (order by y range between unbounded preceding and current row) as r from (values (1,1),(2,1),(3,2)) as t(x,y) order by y, x;

select date '2018-01-01' + interval '3' hour as a, last_day(timestamp '2018-02-03 10:00:00') as b, date_trunc('quarter', timestamp '2018-05-03 10:00:00') as c;

select floor(x) as a, ceil(x) as b, floor(-x) as c from (values (1234567890123.45)) as t (x);

select round(x) as a from (values (4503599627370497.5e0), (1e22), (-0.4e0)) as t (x);

select lag(x) over (partition by g order by y) as a, sum(x) over (partition by g) as b, g from (values (null, 1, 1), (null, 2, 2), (1, 3, 3)) as t (g, y, x) order by y;

select x like '%b' as a, x like 'a_b' as b from (values ('a
b'), ('axb'), ('a🙂b')) as t (x);
