-- Are there claims whose lease has ended and that nobody has reset?
create or replace function jobs._health_leases(tick_for interval)
returns jobs.health_check
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _now timestamptz := jobs.now();
  _found record;
begin
  select count(*) as claims, _now - min(l.until) as late,
    coalesce(sum(bit_count(l.unfinished::bit(64))), 0)::bigint as jobs
  into _found
  from jobs.lease l where l.until <= _now - tick_for;
  return jobs._health('leases', jobs._severity_for(_found.late, tick_for),
    case when _found.claims = 0 then 'no lease has ended without being reset'
      else format('%s of %s held by a lease that ended up to %s ago',
        jobs._count(_found.jobs, 'job'), jobs._count(_found.claims, 'claim'),
        jobs._in_words(_found.late)) end,
    'The jobs of a worker that is gone are not given to another one.',
    'Run a worker, or call jobs.maintain() every few seconds. If somebody does, a transaction that '
    'is left open holds their rows: see `transactions`.',
    jsonb_build_object('threshold_s', extract(epoch from tick_for), 'claims', _found.claims,
      'jobs', _found.jobs, 'late_s', round(extract(epoch from _found.late), 3)));
end $$;
