-- Kinds by name, and the settings in force for the jobs of each. Writes nothing.
--   kind  only this one, default all
-- Returns a row each: settings has every setting by the name of configure_kind's argument,
-- durations in seconds; what nobody has set for the kind is as the kind's queue has it, or at its
-- default. changed names those that are set for the kind. SQLSTATE JB004 no such kind.
create or replace function jobs.list_kinds(kind text default null)
returns table (
  name text, paused boolean, settings jsonb, changed text[], created_at timestamptz)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  _defaults record := jobs._default_settings();
begin
  if kind is not null and not exists (select from jobs.kind k where k.name = list_kinds.kind) then
    perform jobs._raise_not_found('kind', kind);
  end if;
  return query
    select k.name, jobs._is_paused(null, k.id),
      o.own || _defaults.kind
        -- of the queue's settings those that a kind may have of its own
        || (select coalesce(jsonb_object_agg(s.key, s.value), '{}')
          from jsonb_each(_defaults.queue || jsonb_strip_nulls(jobs._queue_settings(q))) as s
          where o.own ? s.key)
        || jsonb_strip_nulls(o.own),
      jobs._changed(o.own, _defaults.kind), k.created_at
    from jobs.kind k
    left join jobs.queue q on q.name = k.queue
    cross join lateral jobs._kind_settings(k) as o(own)
    where list_kinds.kind is null or k.name = list_kinds.kind
    order by k.name collate "C";
end $$;
