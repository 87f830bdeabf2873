-- A cron expression as cron_spec. Raises JB002 with the place of the mistake.
create or replace function jobs._parse_cron(cron text)
returns jobs.cron_spec
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  _months text[] collate "C" := '{jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec}'::text[];
  _weekdays text[] collate "C" := '{sun,mon,tue,wed,thu,fri,sat}'::text[];
  _text text collate "C" := lower(cron collate "C");
  _spec jobs.cron_spec;
  _at int := 1;
  _field text collate "C";
  _fields text[] collate "C" := '{}'::text[];
  _starts int[] := '{}'::int[];
  _item text collate "C";
begin
  _text := case trim(_text)
    when '@yearly' then '0 0 1 1 *' when '@annually' then '0 0 1 1 *'
    when '@monthly' then '0 0 1 * *' when '@weekly' then '0 0 * * 0'
    when '@daily' then '0 0 * * *' when '@midnight' then '0 0 * * *'
    when '@hourly' then '0 * * * *' else _text end;
  foreach _field in array regexp_split_to_array(coalesce(_text, ''), '[[:space:]]') loop
    if _field <> '' then
      _fields := _fields || _field;
      _starts := _starts || _at;
    end if;
    _at := _at + length(_field) + 1;
  end loop;
  if cardinality(_fields) not in (5, 6) then
    perform jobs._raise_cron(coalesce(cron, ''), 'number of fields', 1);
  end if;
  _spec.fixed := cardinality(_fields) = 5 and left(_fields[1], 1) <> '*'
    and left(_fields[2], 1) <> '*';
  if cardinality(_fields) = 5 then
    _fields := array['0'] || _fields;
    _starts := array[1] || _starts;
  end if;
  _spec.seconds := jobs._cron_field(_fields[1], 0, 59, null, 'second', _starts[1]);
  _spec.minutes := jobs._cron_field(_fields[2], 0, 59, null, 'minute', _starts[2]);
  _spec.hours := jobs._cron_field(_fields[3], 0, 23, null, 'hour', _starts[3]);
  _spec.months := jobs._cron_field(_fields[5], 1, 12, _months, 'month', _starts[5]);
  _spec.both_days := left(_fields[4], 1) = '*' or left(_fields[6], 1) = '*';

  _spec.days := 0;
  _spec.last_day := false;
  _spec.last_workday := false;
  _at := _starts[4];
  foreach _item in array string_to_array(_fields[4], ',') loop
    if _item = 'l' then
      _spec.last_day := true;
    elsif _item = 'lw' then
      _spec.last_workday := true;
    else
      _spec.days := _spec.days
        | jobs._cron_values(_item, 1, 31, null, 'day of the month', _at);
    end if;
    _at := _at + length(_item) + 1;
  end loop;

  _spec.weekdays := 0;
  _spec.nth_weekdays := 0;
  _at := _starts[6];
  foreach _item in array string_to_array(_fields[6], ',') loop
    if _item ~ '^(sun|mon|tue|wed|thu|fri|sat|[0-7])(l|#[1-5])$' then
      _spec.nth_weekdays := _spec.nth_weekdays | (1::bigint << (
        6 * (jobs._cron_value(regexp_replace(_item, '(l|#.)$', ''), 0, _weekdays) % 7)
        + coalesce(substring(_item from '#(.)$')::int, 0)));
    else
      _spec.weekdays := _spec.weekdays
        | jobs._cron_values(_item, 0, 7, _weekdays, 'day of the week', _at);
    end if;
    _at := _at + length(_item) + 1;
  end loop;
  _spec.weekdays := (_spec.weekdays | (_spec.weekdays >> 7)) & 127;   -- 7 is Sunday too
  return _spec;
end $$;
