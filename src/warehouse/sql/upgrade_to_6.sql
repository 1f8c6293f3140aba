alter table pipeline.loads add column if not exists definition varchar;
alter table pipeline.loads add column if not exists equal_until date;
alter table pipeline.partitions add column if not exists labels_until date;
