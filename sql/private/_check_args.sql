-- Raises JB002 or JB003, naming the index, if one of these args cannot be stored. `ords`: the
-- indexes by which the caller knows them (default: their places in args, from 1).
create or replace function jobs._check_args(args jsonb[], ords int[] default null)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _nth int := array_position(args, null);
begin
  if args is null or _nth is not null then
    raise exception using
      errcode = 'JB002', message = 'args is null',
      detail = format('index %s', coalesce(ords[_nth], _nth)),
      hint = 'Pass a JSON value such as {} for each job.';
  end if;
  if (select max(pg_column_size(a)) from unnest(args) as a) <= 2000 then
    return;
  end if;
  for _nth in 1..cardinality(args) loop
    if pg_column_size(args[_nth]) > 2000 then
      perform jobs._check_size(format('args of index %s', coalesce(ords[_nth], _nth)),
        pg_column_size(args[_nth]));
    end if;
  end loop;
end $$;
