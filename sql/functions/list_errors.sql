-- The errors of the window by their cause, the one that came last first: a row per fingerprint and
-- queue. Read from the log; nothing changes.
--   queue, kind, fingerprint  only those, default any
--   "window"                  how far back, default 1 day
--   max_events                how many failed attempts are looked at, of whatever queue and kind,
--                             newest first; 1 to 1000000, default 10000
-- Returns message and frame as fingerprint has them; count of the attempts that failed so; how many
-- jobs died of it and are dead now; when it came first and last; the job that it came to last. cut:
-- there are more in the window than max_events, and the older ones were not looked at.
-- SQLSTATE JB002.
create or replace function jobs.list_errors(
  queue text default null, kind text default null, fingerprint text default null,
  "window" interval default '1 day', max_events int default 10000)
returns setof jobs.error_group
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  _kind text := jobs._current_kind(list_errors.kind);
begin
  perform jobs._check_fingerprint(fingerprint);
  if max_events not between 1 and 1000000 or max_events is null then
    perform jobs._raise_invalid(format('max_events is %s', max_events),
      'max_events is between 1 and 1000000: how many failed attempts are looked at.');
  end if;
  if "window" < interval '0' or "window" is null then
    perform jobs._raise_invalid(format('window is %s', "window"),
      'How far back errors are read is not negative, such as 1 day.');
  end if;
  return query
    with named as materialized (
      select r.*, coalesce(k.alias_of, k.name) as kind, q.name as queue, e.error,
        jobs.fingerprint(coalesce(k.alias_of, k.name), e.error) as fingerprint
      from jobs._read_errors(jobs.now() - "window", max_events) as r
      join jobs.kind k on k.id = r.kind_id
      join jobs.queue q on q.id = r.queue_id
      cross join lateral (select jobs._error_of(r.data) as error) as e
      where (list_errors.queue is null or q.name = list_errors.queue)
        and (list_errors.kind is null or coalesce(k.alias_of, k.name) = _kind)),
    known as materialized (
      select n.*, row_number() over (
        partition by n.queue, n.fingerprint order by n.pos desc, n.job_id desc) as nth
      from named n)
    select w.fingerprint, w.kind, w.queue, w.error ->> 'type', jobs._error_message(w.error),
      jobs._error_frame(w.error), g.count, g.dead, g.first_seen, g.last_seen, w.job_id, w.cut
    from (
      select a.fingerprint, a.queue, count(*) as count, count(*) filter (where a.is_dead) as dead,
        min(a.at) as first_seen, max(a.at) as last_seen
      from known a group by 1, 2) as g
    join known w on w.nth = 1 and (w.fingerprint, w.queue) = (g.fingerprint, g.queue)
    where list_errors.fingerprint is null or w.fingerprint = list_errors.fingerprint
    order by w.pos desc, w.fingerprint;
end $$;
