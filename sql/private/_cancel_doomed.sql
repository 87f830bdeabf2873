-- Batches that deaths have doomed are cancelled, up to 500 jobs of each, until they are finished.
-- What is locked for longer than a moment, as by a job's own transaction, is left to the next tick:
-- this one must not wait for it, nor any other job of the batch. Locks and writes: as cancel_batch;
-- doomed_batch.
create or replace function jobs._cancel_doomed()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set lock_timeout = '10ms'
as $$
declare
  _batch record;
  _job bigint;
  _locked int;
begin
  for _batch in
    select d.id, min(d.reason) as reason from jobs.doomed_batch d group by 1 order by 1 limit 100
  loop
    begin
      if not exists (
          select from jobs.batch b where b.id = _batch.id and b.finished_at is null) then
        delete from jobs.doomed_batch d where d.id = _batch.id;
      elsif jobs._cancellable_of(_batch.id, 1) <> '{}' or exists (   -- or it is open
          select from jobs.dependency d
          where d.job = _batch.id and d.waiter = _batch.id and d.outcome is null) then
        perform jobs.cancel_batch(_batch.id, _batch.reason, 500);
      end if;
    exception when lock_not_available or deadlock_detected then
      _locked := 0;
      for _job in
        select s.id from unnest(jobs._cancellable_of(_batch.id, 500)) as u(id)
        join jobs.job_state s on s.id = u.id
        order by s.state = 'running', s.id
      loop
        begin
          perform jobs.cancel(_job, _batch.reason);
        exception when lock_not_available or deadlock_detected then
          _locked := _locked + 1;
        end;
        exit when _locked = 5;
      end loop;
    end;
  end loop;
end $$;
