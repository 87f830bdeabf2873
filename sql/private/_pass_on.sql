-- These jobs run no longer: others of their keys that were blocked by them may be ready now.
--   ended  or do they wait for another attempt? then they keep their place in the order
-- It waits for claims that are looking at a key, so that what they block is seen; a claim waits for
-- nobody. For 200 keys at most, as locks are few: maintain finds what was missed with the others.
create or replace function jobs._pass_on(ids bigint[], ended boolean)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _key record;
  _locked int := 0;
begin
  if ended then
    delete from jobs.line l where l.id = any(ids);
  end if;
  for _key in
    select distinct j.queue_id, g.gate, g.key, jobs._key_lock(j.queue_id, g.gate, g.key) as lock
    from jobs.job j
    cross join lateral (values
      ('o'::"char", j.options ->> 'ordering_key'),
      ('c'::"char", j.options ->> 'concurrency_key')) as g(gate, key)
    where j.id = any(ids) and g.key is not null and (ended or g.gate = 'c')
    order by lock
  loop
    if _locked < 200 then
      perform pg_advisory_xact_lock_shared(29818, _key.lock);
      _locked := _locked + 1;
    end if;
    perform jobs._release_line(_key.queue_id, _key.gate, _key.key);
  end loop;
end $$;
