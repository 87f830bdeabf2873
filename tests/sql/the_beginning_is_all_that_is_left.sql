\ir lib/setup.sql
select plan(13);
select stop_the_clock();

-- order-1 is kept for ever and older than what is gone of another category
select jobs.append_event('order-1', 'a') as kept \gset
select jobs.configure_category('session', keep => '1 h', keep_last => false) \g /dev/null
select jobs.append_event('session-1', 'b') as gone \gset
select jobs.append_event('session-2', 'b') as gone \gset
select advance('2 h');
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null
select count(*) from jobs.prune() \g /dev/null
select jobs.append_event('order-2', 'a') as young \gset
select jobs.tick() \g /dev/null
select jobs.tick() \g /dev/null
create function positions(types text[] default null, after bigint default null, max_events int default 1000, allow_gaps boolean default false) returns bigint[]
language sql as $$ select coalesce(array_agg(pos), '{}') from jobs.read_all(after, max_events, types, allow_gaps => allow_gaps) $$;

select is(positions(), array[:kept, :young]::bigint[], 'read without a position');
select is(positions(max_events => 1), array[:kept]::bigint[], 'a page of it');
select refuses(format('select * from jobs.read_all(%s)', :kept), 'JB011', 'what follows may be missing', 'are gone', format('restart at %s.*allow_gaps', :gone));
select is(positions(after => :kept, allow_gaps => true), array[:young]::bigint[], 'the pages after it read on with allow_gaps');
select is(array(select pos from jobs.read_category('order', :kept)), array[:young]::bigint[], 'the other category has no gap');

select jobs.create_consumer('view', 'beginning', '{a}') \g /dev/null
create function batch(consumer text, max_events int default 1) returns bigint[]
language plpgsql as $$
declare
  _poss bigint[];
begin
  _poss := array(select p.pos from jobs.poll(consumer, max_events) as p);
  if _poss <> '{}' then
    perform jobs.ack(consumer, _poss[cardinality(_poss)]);
  end if;
  return _poss;
end $$;
select is(batch('view'), array[:kept]::bigint[], 'a consumer begins with the oldest that is left');
select is(batch('view'), array[:young]::bigint[], 'and goes on');
select is((select array[stuck::text, why] from jobs.list_consumers('view')), array['false', null], 'it is not stuck');

-- a position may be given though its next events are gone
select refuses($$select jobs.reset_consumer('view', 0)$$, 'JB011', 'not without saying so', 'are gone', 'allow_gaps');
select is(jobs.reset_consumer('view', 0, allow_gaps => true), 0::bigint, 'with allow_gaps it may');
select is(batch('view', 10), array[:kept, :young]::bigint[], 'and reads what is left');

-- what goes later is told all the same
select jobs.create_consumer('jobs', 'beginning', '{job.*}') \g /dev/null
select jobs.complete(claim_of(jobs.enqueue('k'))) \g /dev/null
select advance('30 days');
select jobs.tick() \g /dev/null
select is((select count(*) from jobs.prune() where state = 'completed'), 1::bigint, 'a job is pruned before it is read');
select refuses($$select * from jobs.poll('jobs')$$, 'JB011', 'its consumer is told', 'are gone', 'restart at');
select * from finish();
