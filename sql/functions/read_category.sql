-- The events of all streams of a category in order, a page at a time, as read_all: after (the last
-- position that was read, default from the oldest), max_events (1 to 10000, default 1000), types
-- (patterns, default any), allow_gaps. The category is the part of a stream's name before its first
-- hyphen. SQLSTATEs: JB002, JB011. Writes nothing, but ticks if nobody has for a second.
create or replace function jobs.read_category(
  category text, after bigint default null, max_events int default 1000,
  types text[] default null, allow_gaps boolean default false)
returns setof jobs.log_event
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  _patterns text[] := jobs._patterns(types);
  _upto bigint;
begin
  perform jobs._check_category(category);
  perform jobs._check_max_events(max_events);
  if category is null then
    perform jobs._raise_invalid('category is null', 'Name one, or use jobs.read_all.');
  end if;
  _upto := jobs._safe_pos();
  return query
    select * from jobs._read(coalesce(after, 0), _upto, max_events, _patterns, category, null);
  if after is not null then   -- now: what was pruned before the read shows
    perform jobs._check_pos(after, _patterns, category, null, allow_gaps);
  end if;
end $$;
