alter table pipeline.partitions add column if not exists lake varchar;
alter table pipeline.partitions add column if not exists is_here boolean;
update pipeline.partitions set is_here = true where is_here is null;
