-- Raises JB004 if jobs of a kind that is not known are refused in this queue (null: the default
-- one): queue.strict_kinds, else setting.strict_kinds. The hint has the names that are most alike.
create or replace function jobs._check_kind(kind text, queue text)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _alike text;
begin
  if not coalesce(
      (select q.strict_kinds from jobs.queue q where q.name = coalesce(queue, 'default')),
      (select s.strict_kinds from jobs.setting s))
    or exists (select from jobs.kind k where k.name = _check_kind.kind) then
    return;
  end if;
  select string_agg(a.name, ', ') into _alike
  from (
    select k.name from jobs.kind k
    cross join lateral jobs._likeness(k.name, _check_kind.kind) as l(likeness)
    where l.likeness >= 0.5 order by l.likeness desc, k.name collate "C" limit 3) as a;
  raise exception using
    errcode = 'JB004',
    message = format('there is no kind %s', kind),
    detail = format('queue %s takes jobs of known kinds only', coalesce(queue, 'default')),
    hint = coalesce('Did you mean ' || _alike || '? If not', 'To make it known')
      || ', call jobs.configure_kind with its name, or start a worker that runs it.';
end $$;
