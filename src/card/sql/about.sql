-- What a model is about, and from what: one row.
with scores as (
    select any_value(comment) as comment from duckdb_tables()
    where database_name = 'warehouse' and schema_name = 'scores' and table_name = {model}
)

select
    (select value from pipeline.settings where name = 'data_until') as data_until,
    coalesce(comment, '') like 'Synthetic: %' or (
        select count(*) > 0 from pipeline.loads where is_current and file = 'sample'
    ) as is_synthetic,
    (
        select max(reference_date) from pipeline.partitions
        where table_name = 'scores.' || {model}
    ) as newest,
    regexp_replace(comment, '^(Synthetic: [^.]*\. )?One row per [^.]*\. ', '') as description,
    (
        select any_value(regexp_replace(comment, '^One row per ', '') order by table_name)
        from duckdb_tables()
        where database_name = 'warehouse' and schema_name = 'abt'
            and 'abt/' || table_name || '.sql' in (
                select file from registry.files
                where model = {model} and version = {version}
            )
    ) as population,
    (
        select count(*) > 0 from registry.champions
        where model = {model} and version = {version} and until is null
    ) as is_champion,
    (
        select count(*) > 0 from registry.segments
        where model = {model} and version = {version}
    ) as is_grouping
from scores
