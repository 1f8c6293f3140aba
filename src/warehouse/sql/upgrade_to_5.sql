alter table if exists registry.inputs add column if not exists description varchar;
update registry.champions set ended_because = 'superseded' where ended_because = 'succeeded';
