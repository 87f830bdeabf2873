-- Up to max_jobs (default 1000) jobs of the batch that wait are cancelled, running ones told, as
-- cancel; an open batch is closed. With the last of them the batch is finished, and has failed.
--   reason  for people to read, kept with the jobs' events, default none
-- Returns how many jobs were cancelled or told: call it again until it is 0. SQLSTATEs: JB002,
-- JB004; JB005 outside READ COMMITTED. Locks and writes: as cancel and close_batch.
create or replace function jobs.cancel_batch(
  id bigint, reason text default null, max_jobs int default 1000)
returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  _left bigint[];
  _job bigint;
  _state jobs.job_state;
  _block jobs.ready;
  _data jsonb := jsonb_build_object('reason', jobs._trim_bytes(reason, 1024, false));
  _gone bigint[] := array[]::bigint[];
  _told bigint := 0;
begin
  perform jobs._check_max_jobs(max_jobs);
  perform jobs.close_batch(id);
  _left := jobs._cancellable_of(id, max_jobs);
  while _left <> '{}' loop
    _job := _left[1];
    select * into _state from jobs.job_state s where s.id = _job;
    _block := null;
    if _state.state in ('ready', 'scheduled', 'blocked') then
      _block := jobs._withdraw(_state, _left);
    end if;
    if _block.ids is not null then
      perform jobs._log('cancelled', _block.queue_id, _block.attempt, _block.ids, null,
        case when reason is not null then array_fill(_data, array[cardinality(_block.ids)]) end);
      _gone := _gone || _block.ids;
    elsif jobs.cancel(_job, reason) in ('cancelled', 'cancel_requested') then
      _told := _told + 1;
    end if;
    _left := array(
      select i from unnest(_left[2:]) with ordinality as u(i, nth)
      where i <> all(coalesce(_block.ids, '{}')) order by nth);
  end loop;
  if _gone <> '{}' then
    perform jobs._ended(_gone, 'cancelled');
  end if;
  return cardinality(_gone) + _told;
end $$;
