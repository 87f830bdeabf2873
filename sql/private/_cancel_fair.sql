-- Up to max_jobs waiting jobs with fair keys of a queue, of these kinds or both (null: any) are
-- cancelled: see cancel_many. Returns how many.
create or replace function jobs._cancel_fair(
  queue text, kind_ids int[], data jsonb, max_jobs bigint)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _row record;
  _tied bigint[] := array[]::bigint[];
  _cancelled bigint := 0;
begin
  for _row in
    select f.*, f.ctid as row_id from jobs.fair_line f
    where (queue is null or f.queue_id = (select q.id from jobs.queue q
        where q.name = _cancel_fair.queue))
      and (kind_ids is null or f.kind_id = any(kind_ids))
    order by f.ord limit max_jobs for update skip locked
  loop
    delete from jobs.fair_line f where f.ctid = _row.row_id;
    perform jobs._log('cancelled', _row.queue_id, _row.attempt, _row.ids, null,
      case when data is not null then array[data] end);
    if _row.flags & 2 <> 0 then
      _tied := _tied || _row.ids;
    end if;
    _cancelled := _cancelled + 1;
  end loop;
  if _tied <> '{}' then
    perform jobs._ended(_tied, 'cancelled');
  end if;
  return _cancelled;
end $$;
