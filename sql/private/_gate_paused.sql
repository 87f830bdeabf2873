-- The row of _gate_queue and _gate_kind, of the oldest pause of it, if there is one.
create or replace function jobs._gate_paused(
  what text, name text, pause jobs.pause)
returns jobs.gate
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if pause.id is null then
    return jobs._gate(what, true, format('%s %s is not paused', what, name), null,
      jsonb_build_object('name', name, 'paused', false));
  end if;
  return jobs._gate(what, false,
    format('%s %s is paused%s%s%s', what, name,
      ' for ' || jobs._in_words(jobs.now() - pause.at),
      ' by ' || pause.paused_by,
      ': ' || pause.reason),
    format('select jobs.resume(%s => %L)', what, name),
    jsonb_strip_nulls(jsonb_build_object('name', name, 'paused', true, 'paused_at', pause.at,
      'paused_by', pause.paused_by, 'reason', pause.reason, 'job', pause.job_id)));
end $$;
