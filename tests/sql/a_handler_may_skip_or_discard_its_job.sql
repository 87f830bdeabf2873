\ir lib/setup.sql
select plan(20);

create temporary table ended as
select v.verb, v.state, jobs.enqueue('k') as id, null::bigint as token
from (values ('skip', 'skipped'), ('discard', 'discarded')) as v(verb, state);
update ended set token = claim_of(id);
create function finish_with(verb text, token bigint, reason text) returns text language plpgsql as $$
declare _status text;
begin
  execute format('select jobs.%I(%s, %L)', verb, token, reason) into _status;
  return _status;
end $$;

select is(finish_with(verb, token, 'nothing to do'), state, verb || ' ends the job') from ended order by verb;
select is(state(id), state, 'as ' || state) from ended order by verb;
select is(job(id) ->> 'reason', 'nothing to do', state || ': its reason is kept') from ended order by verb;
select is(job(id) ->> 'attempt', '1', state || ': its attempt was started') from ended order by verb;
select is(timeline(id), 'enqueued 0, claimed 1, ' || state || ' 1', state || ': its timeline ends') from ended order by verb;
select is(finish_with(verb, token, 'another'), 'already_done', verb || ' again is already done') from ended order by verb;
select refuses(format('select jobs.complete(%s)', token), 'JB001', state || ': another outcome is refused', 'stale claim', 'Roll back')
from ended order by verb;
select refuses(format('select jobs.%I(1)', verb), 'JB001', verb || ' refuses a token of nobody', 'stale claim', 'Roll back') from ended order by verb;

select jobs.enqueue('k') as id \gset
select jobs.skip(claim_of(:id)) \g /dev/null
select is(last_data(:id), null, 'a reason may be left out');
select jobs.enqueue('k') as id \gset
select jobs.discard(claim_of(:id), repeat('é', 2000)) \g /dev/null
select is(job(:id) ->> 'reason', repeat('é', 512), 'a long one is cut to 1 KiB, between characters');
select jobs.enqueue('k') as id \gset
select claim_of(:id) as token \gset
select jobs.cancel(:id) \g /dev/null
select is(jobs.skip(:token), 'skipped', 'an outcome of its own goes before a requested cancellation');
select is_consistent();
select * from finish();
