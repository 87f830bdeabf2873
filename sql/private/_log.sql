-- The transition is in the log, with every job's data by the order of ids. Returns its position.
create or replace function jobs._log(
  type jobs.transition, queue_id int, attempt int, ids bigint[],
  claim bigint default null, data jsonb[] default null)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
  _pos bigint;
begin
  insert into jobs.event (pos, xid, at, claim, queue_id, type, attempt, ids, data)
  values (nextval('jobs.pos_seq'), pg_current_xact_id(), jobs.now(), claim, queue_id, type,
    attempt, ids,
    data)
  returning event.pos into _pos;
  if type in ('failed', 'dead', 'cancelled', 'skipped', 'discarded', 'retried') then
    insert into jobs.rare_event (type, pos) values (type, _pos);
    if pg_sequence_last_value('jobs.waiter_flag') = 2 then
      perform jobs._tell_waiters();
    end if;
  end if;
  if type = 'retried' then
    -- a job without it has ended for good where it has: prune need not look for what followed
    update jobs.job j set options = coalesce(j.options, '{}') || '{"retried": true}'
    where j.id = any(ids);
  end if;
  return _pos;
end $$;
