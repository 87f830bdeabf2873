-- Workers by name: what each asks for, whether it lives, and how many jobs it runs. Nothing
-- changes. Registered ones, and those that hold jobs without having registered.
-- Returns a row each: id, name (null: not registered; with id null: claims that named no worker),
-- queues, kinds, routing (null: any), live (seen within three minutes or three of its heartbeats),
-- running (jobs that it holds), claimed_at (since when it holds the oldest of them), started_at,
-- seen_at, info.
create or replace function jobs.list_workers()
returns table (
  id uuid, name text, queues text[], kinds text[], routing text[], live boolean, running bigint,
  claimed_at timestamptz, started_at timestamptz, seen_at timestamptz, info jsonb)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
begin
  return query
    with held as (
      select e.worker, sum(bit_count(l.unfinished::bit(64)))::bigint as n, min(e.at) as at
      from jobs.lease l
      join jobs.event e on e.pos = l.claim >> 12
      group by 1)
    select coalesce(w.id, h.worker), w.name, w.queues, w.kinds, w.routing,
      exists (select from jobs._live_worker v where v.id = w.id), coalesce(h.n, 0), h.at,
      w.started_at, w.seen_at, w.info
    from jobs.worker w
    full join held h on h.worker = w.id
    order by w.name collate "C", w.started_at, 1;
end $$;
