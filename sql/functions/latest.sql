-- The newest event that fits, or no row: of a stream, of a type, or both, whose data contains this
-- JSON (as @> has it, default any). Give stream or type. Sees what the caller's own transaction has
-- appended. SQLSTATE JB002. Writes nothing.
create or replace function jobs.latest(
  stream text default null, type text default null, contains jsonb default null)
returns setof jobs.log_event
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
as $$
begin
  if num_nonnulls(stream, type) = 0 then
    perform jobs._raise_invalid('neither stream nor type is given', 'Give one of them, or both.');
  end if;
  if stream is not null then
    return query
      select (jobs._as_log_event(e)).* from jobs.stream_event e
      where e.stream = latest.stream collate "C"
        and (latest.type is null or e.type = latest.type collate "C")
        and (contains is null or e.data @> contains)
      order by e.version desc limit 1;
  else
    return query
      select (jobs._as_log_event(e)).* from jobs.stream_event e
      where (e.type, e.pos) >= (latest.type collate "C", 0)
        and (e.type, e.pos) <= (latest.type collate "C", 9223372036854775807)
        and (contains is null or e.data @> contains)
      order by e.type desc, e.pos desc limit 1;   -- whole rows: see _read_streams
  end if;
end $$;
