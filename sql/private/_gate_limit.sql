-- Do the limits of the job's queue (scope `q`) or kind (`k`) let one more start? Null where there
-- are none.
create or replace function jobs._gate_limit(job jobs.job_facts, scope "char")
returns jobs.gate
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _what text := case scope when 'q' then 'queue' else 'kind' end;
  _id int := case scope when 'q' then job.queue_id else job.kind_id end;
  _limit record;
  _running bigint;
  _holders bigint[] := '{}'::bigint[];
  _tokens double precision;
  _wait interval;   -- until the next token
  _full boolean := false;
  _spent boolean := false;
begin
  select t.name, t.max_running, t.rate, jobs._burst(t.rate, t.burst) as burst into _limit
  from (
    select job.queue as name, q.max_running, q.rate, q.burst from jobs.queue q
    where scope = 'q' and q.id = _id
    union all
    select job.kind, k.max_running, k.rate, k.burst from jobs.kind k
    where scope = 'k' and k.id = _id) as t;
  if num_nonnulls(_limit.max_running, _limit.rate) = 0 then
    return null;
  end if;
  if _limit.max_running is not null then
    _running := jobs._running(scope, _id);
    _full := _running >= _limit.max_running;
    _holders := jobs._holders(scope, _id);
  end if;
  if _limit.rate is not null then
    _tokens := jobs._tokens(scope, _id, '', _limit.rate, _limit.burst);
    _spent := _tokens < 1;
    _wait := greatest(0, 1 - _tokens) / _limit.rate * interval '1 s';
  end if;
  return jobs._gate(_what || '_limit', not _full and not _spent,
    concat_ws('; ',
      case when _running is not null then format('%s of at most %s of %s %s run',
        jobs._in_figures(_running), jobs._count(_limit.max_running, 'job'), _what, _limit.name) end
        || case when _full then ': ' || jobs._these_jobs(_holders, _running) else '' end,
      case when _spent then
        format('%s %s may start %s a second, and has: the next one may start in %s', _what,
          _limit.name, _limit.rate, jobs._in_words(greatest(_wait, interval '1 s')))
      when _tokens is not null then format('%s %s may start %s now', _what, _limit.name,
        jobs._count(floor(_tokens)::bigint, 'job')) end),
    case when _full then format('Wait until one of them has ended. For more at a time: '
        'select jobs.configure_%s(%L, max_running => %s)', _what, _limit.name,
        least(2 * _limit.max_running::bigint, 2147483647))
      else format('Wait. For more a second: select jobs.configure_%s(%L, rate => %s)', _what,
        _limit.name, 2 * _limit.rate) end,
    jsonb_strip_nulls(jsonb_build_object('name', _limit.name,
      'max_running', _limit.max_running, 'running', _running,
      'jobs', case when _holders <> '{}' then to_jsonb(_holders) end,
      'rate', _limit.rate, 'burst', case when _limit.rate is not null then _limit.burst end,
      'next_at', case when _spent then jobs.now() + _wait end)));
end $$;
