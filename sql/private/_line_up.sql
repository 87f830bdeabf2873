-- A job with an ordering key stands behind the others of its key.
create or replace function jobs._line_up(id bigint, rank bigint)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into jobs.line (queue_id, gate, key, rank, id, state)
  select j.queue_id, 'o', j.options ->> 'ordering_key', _line_up.rank, j.id, 'q'
  from jobs.job j where j.id = _line_up.id and j.options ? 'ordering_key';
end $$;
