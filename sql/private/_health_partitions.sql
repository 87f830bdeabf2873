-- Is a partition ahead of the sequence, and are the overflow partitions empty?
create or replace function jobs._health_partitions()
returns jobs.health_check
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _last bigint := (select s.last_value from jobs.pos_seq s);
  _left numeric;       -- share of the newest partition that is free, of the table that has less
  _overflowing text[] := array_remove(array[
    case when exists (select from jobs.job_overflow) then 'job' end,
    case when exists (select from jobs.event_overflow) then 'event' end], null);
begin
  select min((b.high - _last)::numeric / (b.high - b.low)) into _left
  from unnest('{jobs.job,jobs.event}'::regclass[]) as p(parent)
  cross join lateral (
    select coalesce(substring(x from $re$FROM \('?(\d+)'?\)$re$)::bigint, 0) as low,
      substring(x from $re$TO \('?(\d+)'?\)$re$)::bigint as high
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    cross join lateral pg_get_expr(c.relpartbound, c.oid) as x
    where i.inhparent = p.parent
    order by high desc nulls last limit 1) as b;
  return jobs._health('partitions',
    case when _left <= 0 then 'critical' when _left < 0.25 or _overflowing <> '{}' then 'warning'
      else 'ok' end,
    concat_ws('; ',
      case when _left <= 0 then 'no partition is left, and everything goes to the overflow'
        else format('%s%% of the newest partition is free', trunc(100 * _left)) end,
      'rows are in the overflow of ' || nullif(array_to_string(_overflowing, ' and '), '')),
    'Rows of the overflow partitions are deleted one by one, where others go with their partition.',
    'Run a worker, or call jobs.maintain() every few seconds: it makes partitions. What is in '
    'the overflow goes with jobs.prune().',
    jsonb_build_object('free', round(_left, 3), 'overflowing', to_jsonb(_overflowing)));
end $$;
