\ir lib/setup.sql
select plan(17);

-- something is there, but nothing that these claims may have
select jobs.enqueue('k', queue => 'other') \g /dev/null
select jobs.enqueue('k', queue => 'later', delay => '1 hour') \g /dev/null
select jobs.enqueue('k', queue => 'locked') \g /dev/null
select jobs.pause(queue => 'locked') \g /dev/null
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null
create function settled() returns text language sql as $$
  select (s.last_value, (select (r.ver, r.at) from jobs.register r), (select count(*) from jobs.lane))::text
  from jobs.pos_seq s $$;
select settled() as before \gset

create temporary table empty_claim (call text);
insert into empty_claim values
  ($$ select count(*) from jobs.claim('{empty}') $$),
  ($$ select count(*) from jobs.claim('{default}', max_jobs => 1000) $$),
  ($$ select count(*) from jobs.claim('{later,locked}') $$),
  ($$ select count(*) from jobs.claim('{other}', kinds => '{unknown}') $$),
  ($$ select count(*) from jobs.claim('{other}', routing => '{eu}') $$),
  ($$ select count(*) from jobs.work('{default}') $$),
  ($$ select count(*) from jobs.claims_of(gen_random_uuid()) $$);
create procedure claim_empty(call text) language plpgsql as $$
declare _n bigint;
begin
  execute call into _n;
  perform set_config('test.xid', coalesce(pg_current_xact_id_if_assigned()::text, 'none') || ' ' || _n, false);
end $$;

call claim_empty($$ select count(*) from jobs.claim('{empty}') $$);
select is(current_setting('test.xid'), 'none 0', 'an empty claim takes no transaction id');
call claim_empty($$ select count(*) from jobs.claim('{default}', max_jobs => 1000) $$);
select is(current_setting('test.xid'), 'none 0', 'nor does one that asks for many');
call claim_empty($$ select count(*) from jobs.claim('{later,locked}') $$);
select is(current_setting('test.xid'), 'none 0', 'nor one for jobs that are scheduled or paused');
call claim_empty($$ select count(*) from jobs.claim('{other}', kinds => '{unknown}') $$);
select is(current_setting('test.xid'), 'none 0', 'nor one for another kind');
call claim_empty($$ select count(*) from jobs.claim('{other}', routing => '{eu}') $$);
select is(current_setting('test.xid'), 'none 0', 'nor one for another routing key');
call claim_empty($$ select count(*) from jobs.work('{default}') $$);
select is(current_setting('test.xid'), 'none 0', 'nor does work');
call claim_empty($$ select count(*) from jobs.claims_of(gen_random_uuid()) $$);
select is(current_setting('test.xid'), 'none 0', 'nor claims_of');
call claim_empty($$ select count(*) from jobs.heartbeat('{}') $$);
select is(current_setting('test.xid'), 'none 0', 'nor a heartbeat for nothing');
call claim_empty($$ select count(*) from jobs.reset_stale_claims() $$);
select is(current_setting('test.xid'), 'none 0', 'nor a reset that finds nothing');
call claim_empty($$ select jobs.tick()::int $$);
select is(current_setting('test.xid'), 'none 1', 'nor a tick that finds nothing moved');
call claim_empty($$ select count(*) from jobs.cancel_many('nowhere') $$);
select is(current_setting('test.xid'), 'none 1', 'nor a cancel_many that finds nothing');
begin;
select 1 \g /dev/null
call claim_empty($$ select count(*) from jobs.claim('{empty}') $$);
commit;
select is(current_setting('test.xid'), 'none 0', 'nor does an empty claim inside a transaction');
begin isolation level repeatable read;
call claim_empty($$ select count(*) from jobs.claim('{empty}') $$);
commit;
select is(current_setting('test.xid'), 'none 0', 'nor in REPEATABLE READ');
begin read only;
select jobs.get(1) \g /dev/null
select count(*) from jobs.stats() \g /dev/null
select count(*) from jobs.list() \g /dev/null
select count(*) from jobs.history(1) \g /dev/null
select count(*) from jobs.verify() \g /dev/null
select count(*) from jobs.claims_of(gen_random_uuid()) \g /dev/null
select jobs.version() \g /dev/null
commit;
select pass('get, stats, list, history, verify, claims_of and version run in a read-only transaction');
select is(settled(), :'before', 'no position was drawn, no watermark written');
select is((select count(*) from jobs.event), 0::bigint, 'and nothing logged');
select is_consistent();
select * from finish();
