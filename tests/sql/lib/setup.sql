-- Begins every file of this folder: `\ir lib/setup.sql`. Each file has a database of its own, in which the
-- schema and pgTAP are fresh; what follows are the few words that the tests are written in.
\pset pager off
set client_min_messages = warning;
set search_path = tap, public;
set jit = off;

-- The clock stands still at 2030-01-01 and moves only by advance(): no test waits.
create function stop_the_clock() returns void
language plpgsql as $$
begin
  update jobs.setting set test_clock = true;
  perform jobs.set_test_clock('2030-01-01 00:00:00+00');
end $$;

create function advance(by interval) returns void
language sql as $$ select jobs.set_test_clock(jobs.now() + by) $$;

-- The statement raises this SQLSTATE; message, hint and detail match these regular expressions. Every error
-- has a hint: it names the fix.
create function refuses(
  statement text, state text, description text, message text default '.', hint text default '.',
  detail text default '')
returns text
language plpgsql as $$
declare
  _message text;
  _hint text;
  _detail text;
  _state text := 'none';
begin
  begin
    execute statement;
  exception when others then
    get stacked diagnostics _state = returned_sqlstate, _message = message_text, _hint = pg_exception_hint,
      _detail = pg_exception_detail;
  end;
  return ok(
      _state ~ refuses.state and _message ~ refuses.message and _hint ~ refuses.hint
        and _detail ~ refuses.detail, description)
    || case when _state ~ refuses.state and _message ~ refuses.message and _hint ~ refuses.hint
        and _detail ~ refuses.detail then ''
      else E'\n' || diag(format(E'SQLSTATE %s: %s\nHINT: %s\nDETAIL: %s', _state, _message, _hint, _detail)) end;
end $$;

-- Claims up to so many jobs; their ids, in the order in which they came.
create function take(
  max_jobs int default 1, queues text[] default null, kinds text[] default null, routing text[] default null,
  lease interval default null)
returns bigint[]
language sql as $$
  select coalesce(array_agg(c.id), '{}')
  from jobs.claim(take.queues, null, take.max_jobs, take.lease, take.kinds, take.routing) as c
$$;

-- The token of a job that is claimed now.
create function token(id bigint) returns bigint
language sql as $$
  select (l.claim << 6) | (s.slot - 1)
  from jobs.lease l cross join lateral unnest(l.ids) with ordinality as s(id, slot)
  where s.id = token.id and l.unfinished & (1::bigint << (s.slot - 1)::int) <> 0
$$;

create function tokens(ids bigint[]) returns bigint[]
language sql as $$
  select coalesce(array_agg(token(i) order by nth), '{}') from unnest(ids) with ordinality as u(i, nth)
$$;

-- Claims until this job is claimed; its token.
create function claim_of(id bigint) returns bigint
language sql as $$ select c.token from jobs.claim_job(claim_of.id) as c $$;

-- The job as it is after what the same statement has done (get alone sees what was there before it).
create function job(id bigint) returns jsonb
language plpgsql as $$ begin return jobs.get(job.id); end $$;

create function state(id bigint) returns text
language sql as $$ select s.state from jobs.job_state s where s.id = state.id $$;

-- The job's transitions with the attempts charged after each: 'enqueued 0, claimed 1, completed 1'.
create function timeline(id bigint) returns text
language sql as $$
  select string_agg(h.type || ' ' || h.attempt, ', ' order by h.pos) from jobs.history(timeline.id) h
$$;

-- The data of the job's last transition.
create function last_data(id bigint) returns jsonb
language sql as $$
  select h.data from jobs.history(last_data.id) h order by h.pos desc limit 1
$$;

-- The log and the live tables agree.
create function is_consistent() returns text
language sql as $$
  select is_empty('select * from jobs.verify()', 'the log and the live tables agree')
$$;
