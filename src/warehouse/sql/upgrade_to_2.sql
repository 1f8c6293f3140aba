alter table registry.metrics add column slice varchar;
alter table registry.metrics add column snapshots integer default 1;
alter table registry.metrics add column entities bigint;
update registry.metrics set entities = rows;
