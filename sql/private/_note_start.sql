-- A claim of limited jobs is known to its keys. Called where it is granted.
create or replace function jobs._note_start(lease jobs.lease)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into jobs.key_claim (queue_id, key, claim)
  select lease.queue_id, j.options ->> 'concurrency_key', lease.claim
  from jobs.job j where j.id = lease.ids[1] and j.options ? 'concurrency_key';
  delete from jobs.line l where l.id = any(lease.ids) and l.gate = 'c';
  update jobs.line l set state = 's' where l.id = any(lease.ids) and l.gate = 'o';
end $$;
