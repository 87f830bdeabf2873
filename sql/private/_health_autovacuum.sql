-- Is autovacuum on, for the server and for every table of the schema?
create or replace function jobs._health_autovacuum()
returns jobs.health_check
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _off text[];
  _tables text[];
begin
  _off := array(select n from unnest('{autovacuum,track_counts}'::text[]) as n
    where current_setting(n) = 'off');
  _tables := array(
    select c.relname::text from pg_class c
    cross join lateral pg_options_to_table(c.reloptions) as o
    where c.relnamespace = 'jobs'::regnamespace and c.relkind = 'r'
      and o.option_name = 'autovacuum_enabled' and not o.option_value::boolean
    order by c.relname collate "C");
  return jobs._health('autovacuum',
    case when _off <> '{}' then 'critical' when _tables <> '{}' then 'warning' else 'ok' end,
    case when _off || _tables = '{}' then 'it is on'
      else 'off: ' || concat_ws('; ', nullif(array_to_string(_off, ', '), ''),
        'for ' || nullif(array_to_string(_tables, ', '), '')) end,
    'A queue is a table whose rows come and go: without vacuum it only grows.',
    'Set autovacuum = on and track_counts = on; alter table jobs.… reset (autovacuum_enabled).',
    jsonb_build_object('off', to_jsonb(_off), 'tables', to_jsonb(_tables)));
end $$;
