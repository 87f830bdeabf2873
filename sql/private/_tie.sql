-- Whoever ends one of these jobs sees what waits for it (_ended): each one's block or claim is
-- tied, and stays locked, so that it does not end before this transaction does. Returns a row per
-- job: how it has ended, null if it has not. SQLSTATE JB004; 40001 outside READ COMMITTED, if a job
-- has moved on.
-- Locks and writes: lease by claim, then ready and scheduled.
create or replace function jobs._tie(ids bigint[])
returns table (job bigint, outcome jobs.transition)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  _left bigint[] := array(select distinct i from unnest(_tie.ids) as i order by 1);
  _state jobs.job_state;
begin
  for _try in 1..100 loop
    for job in
      select u.id
      from unnest(_left) as u(id)
      left join lateral (
        select a.state, a.claim from jobs.job_state a where a.id = u.id offset 0) as s on true
      order by case when s.state = 'running' then s.claim end, u.id
    loop
      outcome := null;
      select * into _state from jobs.job_state s where s.id = _tie.job;
      if not found then
        perform jobs._raise_not_found('job', job::text);
      elsif _state.state = 'running' then
        update jobs.lease l set flags = l.flags | 2
        where l.claim = _state.claim
          and l.unfinished & (1::bigint << array_position(l.ids, _tie.job) - 1) <> 0;
        continue when not found;
      elsif _state.state in ('ready', 'scheduled', 'blocked') then
        continue when not jobs._tie_block(_state);
      else
        outcome := _state.state::jobs.transition;
      end if;
      _left := array_remove(_left, job);
      return next;
    end loop;
    exit when _left = '{}';
    perform jobs._check_may_retry(_left[1], _try);
  end loop;
end $$;
