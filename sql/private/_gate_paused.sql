-- The row of _gate_queue and _gate_kind.
create or replace function jobs._gate_paused(
  what text, name text, paused boolean, since timestamptz, by_role text, reason text)
returns jobs.gate
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if not paused then
    return jobs._gate(what, true, format('%s %s is not paused', what, name), null,
      jsonb_build_object('name', name, 'paused', false));
  end if;
  return jobs._gate(what, false,
    format('%s %s is paused%s%s%s', what, name,
      ' for ' || jobs._in_words(jobs.now() - since), ' by ' || by_role,
      ': ' || reason),
    format('select jobs.resume(%s => %L)', what, name),
    jsonb_strip_nulls(jsonb_build_object('name', name, 'paused', true, 'paused_at', since,
      'paused_by', by_role, 'reason', reason)));
end $$;
