-- The next jobs of a key that are blocked are ready, as many as may start now; claims look again,
-- so that one too many costs a claim and no limit. Returns how many.
--   gate  `o` ordering_key, `c` concurrency_key
-- Writes: line, scheduled, event, ready.
create or replace function jobs._release_line(queue_id int, gate "char", key text)
returns int
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _free bigint := 1;
  _next record;
  _state jobs.job_state;
  _block jobs.ready;
  _released int := 0;
begin
  if gate = 'c' then
    _free := (
      select q.max_running_per_key - jobs._running_by_key(q.id, _release_line.key) - (
        select count(*) from jobs.line l
        where (l.queue_id, l.gate, l.key) = (q.id, 'c'::"char", _release_line.key)
          and l.state = 'r')
      from jobs.queue q where q.id = _release_line.queue_id);
  elsif exists (
      select from jobs.line l
      where (l.queue_id, l.gate, l.key)
        = (_release_line.queue_id, 'o'::"char", _release_line.key)
        and l.state = 's') then
    return 0;
  end if;
  for _next in
    select l.rank, l.id, l.state from jobs.line l
    where (l.queue_id, l.gate, l.key)
      = (_release_line.queue_id, _release_line.gate, _release_line.key)
      and (l.gate = 'o' or l.state = 'b')
    order by l.rank limit greatest(0, _free) for update skip locked
  loop
    exit when _next.state <> 'b';   -- the first in order waits elsewhere
    select * into _state from jobs.job_state s where s.id = _next.id;
    _block := case when _state.state = 'blocked' then jobs._withdraw(_state) end;
    continue when _block.ids is null;   -- somebody else has just taken it
    perform jobs._log('promoted', _block.queue_id, _block.attempt, _block.ids);
    perform jobs._put(_block, null);
    update jobs.line l set state = 'r'
    where (l.queue_id, l.gate, l.key, l.rank)
      = (_release_line.queue_id, _release_line.gate, _release_line.key, _next.rank);
    _released := _released + 1;
  end loop;
  return _released;
end $$;
