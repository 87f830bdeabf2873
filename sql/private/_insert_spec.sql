-- Jobs of one spec (an object of enqueue's arguments without args) exist. Returns a row per job, as
-- enqueue_many does. `ords` are the indexes by which an error names them, `held` what
-- _lock_keys said. SQLSTATEs: JB002, JB003.
create or replace function jobs._insert_spec(
  spec jsonb, args jsonb[], ords int[], held jsonb default null)
returns table (ord int, id bigint, created boolean, mismatch boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  _unknown text;
  _spec jobs.job_spec;
  _place record;
  _message text;
  _hint text;
  _detail text;
begin
  select k into _unknown from jsonb_object_keys(spec) as k
  where k <> all(array(
    select a.attname::text from pg_attribute a
    where a.attrelid = (
      select t.typrelid from pg_type t where t.oid = 'jobs.job_spec'::regtype))) limit 1;
  if _unknown is not null then
    perform jobs._raise_invalid(format('unknown key %L at index %s', _unknown, ords[1]),
      'The keys are the arguments of jobs.enqueue.');
  end if;
  perform jobs._check_args(args, ords);
  begin
    _spec := jsonb_populate_record(null::jobs.job_spec, spec);
    if jobs._is_controlled(_spec) then
      return query
        select ords[c.ord], c.id, c.created, c.mismatch
        from jobs._insert_controlled(_spec, args, ords, held) as c;
      return;
    end if;
    _place := jobs._place(_spec);
  exception when sqlstate 'JB002' or sqlstate 'JB003' or data_exception then
    get stacked diagnostics _message = message_text, _hint = pg_exception_hint,
      _detail = pg_exception_detail;
    if _detail like 'index %' then
      raise;   -- it names one of them itself
    end if;
    raise exception using
      errcode = case when sqlstate = 'JB003' then 'JB003' else 'JB002' end,
      message = format('%s, at index %s', _message, ords[1]),
      hint = coalesce(nullif(_hint, ''), 'The values are those of the arguments of jobs.enqueue.');
  end;
  if _place.regulated then
    return query
      select ords[c.ord], c.id, c.created, c.mismatch
      from jobs._insert_controlled(_spec, args, ords, held) as c;
    return;
  end if;
  return query
    select u.ord, u.id, true, false
    from unnest(ords, jobs._insert_jobs(_place.block, _place.at, _place.options, args))
      as u(ord, id);
end $$;
