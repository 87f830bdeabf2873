-- What _tie does, once: raises lock_not_available rather than wait for long. Claims are tied in
-- their order, then blocks; but a job may move from one to the other meanwhile.
create or replace function jobs._tie_in_order(ids bigint[])
returns table (job bigint, outcome jobs.transition)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set lock_timeout = '30ms'
as $$
#variable_conflict use_column
declare
  _left bigint[] := array(select distinct i from unnest(_tie_in_order.ids) as i order by 1);
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
      select * into _state from jobs.job_state s where s.id = _tie_in_order.job;
      if not found then
        perform jobs._raise_not_found('job', job::text);
      elsif _state.state = 'running' then
        update jobs.lease l set flags = l.flags | 2
        where l.claim = _state.claim
          and l.unfinished & (1::bigint << array_position(l.ids, _tie_in_order.job) - 1) <> 0;
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
