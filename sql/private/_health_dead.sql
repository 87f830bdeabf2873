-- How many jobs have died within the window? Of the last 1,000 deaths it tells the kinds.
create or replace function jobs._health_dead(dead_within interval, max_dead int)
returns jobs.health_check
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _since timestamptz := jobs.now() - dead_within;
  _from bigint := jobs._pos_at(_since);
  _died bigint;
  _kinds jsonb;
begin
  with deaths as (
    select e.ids, row_number() over (order by e.pos desc) as nth
    from (
      select r.pos from jobs.rare_event r
      where r.type = 'dead' and r.pos >= _from order by r.pos desc limit 10000) as p
    join jobs.event e on e.pos = p.pos and e.at >= _since)
  select coalesce(sum(cardinality(d.ids)), 0)::bigint, (
      select jsonb_object_agg(c.name, c.n order by c.n desc)
      from (
        select coalesce(k.alias_of, k.name) as name, count(*) as n
        from (select i from deaths b cross join lateral unnest(b.ids) as i
          where b.nth <= 1000 limit 1000) as f
        join jobs.job j on j.id = f.i
        join jobs.kind k on k.id = j.kind_id
        group by 1 order by n desc limit 20) as c)
  into _died, _kinds
  from deaths d;
  return jobs._health('dead', jobs._severity(_died, max_dead),
    format('%s died in the last %s%s', jobs._count(_died, 'job'), jobs._in_words(dead_within),
      (select ': ' || string_agg(format('%s of kind %s', e.value, e.key), ', ')
      from jsonb_each_text(_kinds) as e)),
    'They have failed for good: nobody tries them again.',
    'Read what they died of with jobs.list_errors(); mend the cause, then jobs.retry_many(), '
    'first with dry_run => true.',
    jsonb_build_object('threshold', max_dead, 'window_s', extract(epoch from dead_within),
      'dead', _died, 'kinds', coalesce(_kinds, '{}')));
end $$;
