-- The first events above backfill_pos, up to upto_pos (null: all that can be seen), that match the
-- subscription and that no append has served: at most max_events, in order. Looks at 20,000 events
-- at most, so that a rare type costs many short steps and not a long one; scanned_pos is how far it
-- came, null if to the end.
create or replace function jobs._unserved(
  subscription jobs.subscription, upto_pos bigint, max_events int,
  out poss bigint[], out scanned_pos bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _s jobs.subscription := subscription;
  _upto bigint := coalesce(upto_pos, 9223372036854775807);
begin
  select e.pos into scanned_pos from jobs.stream_event e
  where e.pos > _s.backfill_pos and e.pos <= _upto order by e.pos offset 19999 limit 1;
  poss := array(
    select e.pos from jobs.stream_event e
    where e.pos > _s.backfill_pos and e.pos <= coalesce(scanned_pos, _upto)
      and not _s.live @> e.generation
      and (_s.category is null or split_part(e.stream, '-', 1) = _s.category)
      and (_s.patterns is null or e.type like any(_s.patterns))
    order by e.pos limit max_events);
  if cardinality(poss) = max_events then
    scanned_pos := poss[max_events];
  end if;
end $$;
