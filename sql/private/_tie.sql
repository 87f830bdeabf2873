-- Whoever ends one of these jobs sees what waits for it (_ended): each one's block or claim is
-- tied, and stays locked, so that it does not end before this transaction does. Returns a row per
-- job: how it has ended, null if it has not.
--
-- Jobs move between blocks and claims while they are tied, so that no order of locks holds for all
-- of them. So whoever ties does not wait in a circle: when a lock takes long, all that were taken
-- for this are given back, and it begins anew, for ten seconds at most.
-- SQLSTATEs: JB004; 40001 after ten seconds, and outside READ COMMITTED if a job has moved on.
-- Locks and writes: lease by claim, then ready and scheduled.
create or replace function jobs._tie(ids bigint[])
returns table (job bigint, outcome jobs.transition)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  _deadline timestamptz := clock_timestamp() + interval '10 s';
begin
  loop
    begin
      return query select t.* from jobs._tie_in_order(_tie.ids) as t;
      return;
    exception when lock_not_available then
      if clock_timestamp() > _deadline then
        raise exception using
          errcode = '40001',
          message = 'other transactions hold the jobs of depends_on',
          hint = 'Run the transaction again; commit soon after an enqueue with depends_on.';
      end if;
    end;
    perform pg_sleep(random() * 0.02);
  end loop;
end $$;
