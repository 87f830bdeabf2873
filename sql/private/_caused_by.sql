-- The headers of what is caused by the job or the event at this position: its trace context, its
-- correlation id (else its own position) and itself as causation_id, under those given. Raises
-- JB004.
create or replace function jobs._caused_by(pos bigint, headers jsonb)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
  _cause jsonb;
begin
  select coalesce(j.options -> 'headers', '{}') into _cause from jobs.job j where j.id = pos;
  if not found then
    select jobs._follow(e) into _cause from jobs.stream_event e where e.pos = _caused_by.pos;
    if not found then
      perform jobs._raise_not_found('event', pos::text);
    end if;
    return _cause || coalesce(headers, '{}');
  end if;
  return jobs._inherited(_cause, pos::text) || coalesce(headers, '{}');
end $$;
