-- How many dead rows have piled up in the tables that every claim changes?
create or replace function jobs._health_bloat(max_dead_rows bigint)
returns jobs.health_check
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _most bigint;
  _worst text;
  _items jsonb;
begin
  select max(t.dead), (array_agg(t.name order by t.dead desc))[1],
    jsonb_object_agg(t.name, jsonb_build_object('dead_rows', t.dead, 'bytes', t.bytes,
      'vacuumed_at', t.vacuumed_at))
  into _most, _worst, _items
  from (
    select n as name, pg_stat_get_dead_tuples(r) as dead, pg_total_relation_size(r) as bytes,
      greatest(pg_stat_get_last_autovacuum_time(r), pg_stat_get_last_vacuum_time(r)) as vacuumed_at
    from unnest('{ready,fair_line,scheduled,lease,register,lane}'::text[]) as n
    cross join lateral (select ('jobs.' || n)::regclass as r) as c) as t;
  return jobs._health('bloat', jobs._severity(_most, max_dead_rows),
    format('%s has %s', _worst, jobs._count(_most, 'dead row')),
    'Claims and ticks walk around what vacuum does not remove.',
    'Look at `vacuum` and `autovacuum`: something holds vacuum back, or it does not come. Then '
    'vacuum jobs.ready, jobs.scheduled, jobs.lease.',
    jsonb_build_object('threshold', max_dead_rows, 'tables', _items));
end $$;
