-- Up to max_jobs (default 1000) waiting jobs of a queue, a kind or both are cancelled; running ones
-- are left.
-- Returns how many: call it again until it is 0. SQLSTATE JB002.
-- Locks: ready, then scheduled, by ord, skipping what is locked. Writes: those, event.
create or replace function jobs.cancel_many(
  queue text default null, kind text default null, reason text default null,
    max_jobs int default 1000)
returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  _kind_ids int[] := jobs._kind_ids(kind);
  _data jsonb := jsonb_build_object('reason', jobs._trim_bytes(reason, 1024, false));
  _row record;
  _block jobs.ready;
  _later jobs.scheduled;
  _ids bigint[];
  _left bigint := max_jobs;
  _tied bigint[] := array[]::bigint[];
begin
  if num_nonnulls(queue, kind) = 0 then
    perform jobs._raise_invalid(
      'neither queue nor kind is given', 'Say which jobs: by queue, kind or both.');
  end if;
  perform jobs._check_max_jobs(max_jobs);
  for _row in
    select r as block, r.ctid as row_id
    from jobs.ready r
    where (queue is null or r.queue_id = (select q.id from jobs.queue q
      where q.name = cancel_many.queue))
      and (kind is null or r.kind_id = any(_kind_ids))
    order by r.ord limit max_jobs for update skip locked
  loop
    exit when _left <= 0;
    _block := _row.block;
    _ids := _block.ids[:_left];
    delete from jobs.ready r where r.ctid = _row.row_id;
    if cardinality(_block.ids) > cardinality(_ids) then
      _block.ids := _block.ids[cardinality(_ids) + 1:];
      insert into jobs.ready select (_block).*;
    end if;
    perform jobs._log('cancelled', _block.queue_id, _block.attempt, _ids, null,
      case when reason is not null then array_fill(_data, array[cardinality(_ids)]) end);
    if _block.flags & 2 <> 0 then
      _tied := _tied || _ids;
    end if;
    _left := _left - cardinality(_ids);
  end loop;
  _left := _left - jobs._cancel_fair(queue, _kind_ids,
    case when reason is not null then _data end, _left);
  for _row in
    select s as block, s.ctid as row_id
    from jobs.scheduled s
    where (queue is null or s.queue_id = (select q.id from jobs.queue q
      where q.name = cancel_many.queue))
      and (kind is null or s.kind_id = any(_kind_ids))
    order by s.run_at, s.ord limit max_jobs for update skip locked
  loop
    exit when _left <= 0;
    _later := _row.block;
    _ids := _later.ids[:_left];
    delete from jobs.scheduled s where s.ctid = _row.row_id;
    if cardinality(_later.ids) > cardinality(_ids) then
      _later.ids := _later.ids[cardinality(_ids) + 1:];
      insert into jobs.scheduled select (_later).*;
    end if;
    perform jobs._log('cancelled', _later.queue_id, _later.attempt, _ids, null,
      case when reason is not null then array_fill(_data, array[cardinality(_ids)]) end);
    if _later.flags & 2 <> 0 then
      _tied := _tied || _ids;
    end if;
    _left := _left - cardinality(_ids);
  end loop;
  if _tied <> '{}' then
    perform jobs._ended(_tied, 'cancelled');
  end if;
  return max_jobs - _left;
end $$;
