-- Up to max_events events that are older than their category's policy are gone, oldest first, but
-- none that a consumer or a subscription has yet to read; nor snapshots of what is gone. Returns
-- a row per category. Locks: the rows of category, skipping those that another prune has. Writes:
-- stream_event, category, snapshot; nothing if dry_run, which is not bounded.
create or replace function jobs._prune_streams(max_events int, dry_run boolean default false)
returns table (category text, events bigint, oldest timestamptz, newest timestamptz)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _category jobs.category;
  _now timestamptz := jobs.now();
  _safe_pos bigint := jobs._safe_pos();   -- before anything here touches the log
  _young bigint;
  _upto bigint;
  _old bigint[];
  _left int := max_events;
begin
  for _category in
    select * from jobs.category c
    where (
      select e.at from jobs.stream_event e
      where (split_part(e.stream, '-', 1), e.pos) > (c.name, 0)
        and (split_part(e.stream, '-', 1), e.pos) <= (c.name, _safe_pos)
      order by split_part(e.stream, '-', 1), e.pos limit 1) < _now - c.keep
    order by c.name
  loop
    if not dry_run then
      perform from jobs.category c where c.name = _category.name for update skip locked;
      continue when not found;
    end if;
    -- up to the first that is young: times need not ascend with versions (an append may wait, a
    -- clock be set back), and a stream has no hole
    _young := (
      select e.pos from jobs.stream_event e
      where (split_part(e.stream, '-', 1), e.pos) > (_category.name, 0)
        and (split_part(e.stream, '-', 1), e.pos) <= (_category.name, _safe_pos)
        and e.at >= _now - _category.keep
      order by split_part(e.stream, '-', 1), e.pos limit 1);
    _upto := least(_safe_pos, jobs._read_by_all(_category.name), _young - 1);
    _old := array(
      select e.pos from jobs.stream_event e
      where (split_part(e.stream, '-', 1), e.pos) > (_category.name, 0)
        and (split_part(e.stream, '-', 1), e.pos) <= (_category.name, _upto)
        and (not _category.keep_last or exists (
          select from jobs.stream_event n
          where n.stream = e.stream and n.version = e.version + 1))
      order by split_part(e.stream, '-', 1), e.pos limit case when not dry_run then _left end);
    continue when _old = '{}';
    return query
      select _category.name, count(*), min(e.at), max(e.at)
      from jobs.stream_event e where e.pos = any(_old);
    continue when dry_run;
    with gone as (
      delete from jobs.stream_event e where e.pos = any(_old) returning e.stream)
    delete from jobs.snapshot s
    where s.stream in (select g.stream from gone g)
      and not exists (
        select from jobs.stream_event n
        where n.stream = s.stream and n.version > s.version - 1 and n.pos <> all(_old));
    perform jobs._note_pruned(_category.name, _old[cardinality(_old)]);
    _left := _left - cardinality(_old);
    exit when _left = 0;
  end loop;
end $$;
