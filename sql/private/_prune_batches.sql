-- Up to max_batches finished batches are gone whose jobs and callbacks all are; one without any, as
-- soon as the first queue would have let go of them. `dry_run`: nothing changes. Returns how many,
-- when the first and the last of them were finished. Locks: the batches' rows, skipping what is
-- locked. Writes: batch, waiter, dependency.
create or replace function jobs._prune_batches(
  max_batches int, now timestamptz, dry_run boolean,
  out batches bigint, out oldest timestamptz, out newest timestamptz)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_variable
declare
  _cutoff timestamptz := now - (
    select min(r.seconds) from jobs._retention r where r.state <> 'result') * interval '1 s';
  _ids bigint[];
begin
  select array_agg(o.id), count(*), min(o.finished_at), max(o.finished_at)
  into _ids, batches, oldest, newest
  from (
    select b.id, b.finished_at from jobs.batch b
    where b.finished_at < _cutoff
      and not exists (
        select from jobs.dependency d join jobs.job j on j.id = d.job where d.waiter = b.id)
      and not exists (
        select from jsonb_each_text(b.callbacks) as c join jobs.job j on j.id = c.value::bigint)
    order by b.finished_at limit max_batches for update of b skip locked) as o;
  if batches = 0 or dry_run then
    return;
  end if;
  delete from jobs.batch b where b.id = any(_ids);
  delete from jobs.waiter w where w.id = any(_ids);
  delete from jobs.dependency d where d.waiter = any(_ids);
end $$;
