-- Does somebody tick? An idle installation need not: then nothing was written since.
create or replace function jobs._health_tick(tick_for interval)
returns jobs.health_check
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _now timestamptz := jobs.now();
  _r record;
  _at timestamptz;
  _is_needed boolean;
begin
  select r.at, r.pos, r.scheduled_floor, r.oldest_claim into _r
  from jobs.register r order by r.ver desc limit 1;
  _is_needed := _r.pos < (select case when s.is_called then s.last_value else 0 end
      from jobs.pos_seq s)
    or exists (select from jobs.scheduled s
      where s.run_at >= _r.scheduled_floor and s.run_at <= _now)
    or exists (select from jobs.lease l where l.claim >= _r.oldest_claim);
  _at := case when isfinite(_r.at) then _r.at
    else (select j.created_at from jobs.job j order by j.id limit 1) end;
  return jobs._health('tick',
    case when _is_needed then jobs._severity_for(_now - _at, tick_for) else 'ok' end,
    case
      when isfinite(_r.at) then format('the last tick was %s ago%s', jobs._in_words(_now - _r.at),
        case when not _is_needed then ', and nothing was written since' end)
      when _is_needed then 'nobody has ever ticked'
      else 'nobody has ticked yet, and there was no need' end,
    'Without ticks no scheduled job becomes ready, nothing that was lost comes back, and readers '
    'of the log get nothing new.',
    'Run a worker, or call jobs.maintain() every few seconds, as with pg_cron.',
    jsonb_build_object('threshold_s', extract(epoch from tick_for),
      'ticked_at', case when isfinite(_r.at) then _r.at end, 'needed', _is_needed));
end $$;
