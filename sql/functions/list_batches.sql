-- Batches, newest first, a page at a time; nothing changes.
--   batch        only this one, default any
--   state        only these: open (not closed yet), running or finished, default any
--   after        the id of the last row of the page before, default none
--   max_batches  rows at most, 1 to 1000, default 50
-- Returns of each how many jobs it has, how many are pending, and how the others have ended; of a
-- finished one, the ids of its callbacks' jobs as {"on_complete": id, …}. SQLSTATEs: JB002; JB004
-- no such batch.
create or replace function jobs.list_batches(
  batch bigint default null, state text default null, after bigint default null,
  max_batches int default 50)
returns setof jobs.batch_listing
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  if max_batches not between 1 and 1000 or max_batches is null then
    perform jobs._raise_invalid(
      format('max_batches is %s', coalesce(max_batches::text, 'null')),
      'max_batches is between 1 and 1000.');
  elsif state not in ('open', 'running', 'finished') then
    perform jobs._raise_invalid(format('there is no state %L', state),
      'A batch is open, running or finished.');
  elsif batch is not null and not exists (select from jobs.batch b where b.id = batch) then
    perform jobs._raise_not_found('batch', batch::text);
  end if;
  return query
    select b.id, b.name, b.state_now, (c.counts ->> 'jobs')::bigint,
      (c.counts ->> 'jobs')::bigint - (c.counts ->> 'completed')::bigint
        - (c.counts ->> 'skipped')::bigint - (c.counts ->> 'dead')::bigint
        - (c.counts ->> 'cancelled')::bigint - (c.counts ->> 'discarded')::bigint,
      (c.counts ->> 'completed')::bigint, (c.counts ->> 'skipped')::bigint,
      (c.counts ->> 'dead')::bigint, (c.counts ->> 'cancelled')::bigint,
      (c.counts ->> 'discarded')::bigint, b.callbacks, b.created_at, b.finished_at
    from (
      select s.*
      from (
        select a.*, case when a.finished_at is not null then 'finished'
          when exists (select from jobs.dependency d
            where d.waiter = a.id and d.job = a.id and d.outcome is null) then 'open'
          else 'running' end as state_now
        from jobs.batch a
        where (batch is null or a.id = batch) and (after is null or a.id < after)
          and (list_batches.state is null
            or (a.finished_at is null) = (list_batches.state <> 'finished'))) as s
      where list_batches.state is null or s.state_now = list_batches.state
      order by s.id desc limit max_batches) as b
    cross join lateral (select coalesce(b.counts, jobs._batch_counts(b.id)) as counts) as c
    order by b.id desc;
end $$;
