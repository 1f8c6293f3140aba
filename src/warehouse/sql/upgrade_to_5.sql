alter table if exists registry.inputs add column if not exists description varchar;
