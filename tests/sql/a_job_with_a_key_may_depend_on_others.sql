\ir lib/setup.sql
select plan(15);
select stop_the_clock();

-- replaced while it is blocked
select jobs.enqueue('k') as a \gset
select jobs.enqueue('k', '{"n": 1}', unique_key => 'u', depends_on => array[:a]::bigint[], unique_options => '{"replace": ["args", "run_at"]}') as b \gset
select is(jobs.enqueue('k', '{"n": 2}', unique_key => 'u', delay => '1 hour', unique_options => '{"replace": ["args", "run_at"]}'), :b::bigint, 'another enqueue stands for it');
select is(state(:b), 'blocked', 'it is blocked as before');
select is_consistent();
select jobs.complete(claim_of(:a)) \g /dev/null
select is(state(:b), 'scheduled', 'its prerequisite is completed, its new time is to come');
select is(job(:b) -> 'args', '{"n": 2}', 'with its new args');
select advance('1 hour');
select jobs.tick() \g /dev/null
select is(take(9), array[:b]::bigint[], 'then it is claimed');
select jobs.complete(token(:b)) \g /dev/null

-- dead at once: the key is free
select jobs.enqueue('k') as dying \gset
select jobs.fail(claim_of(:dying), reason => 'aborted') \g /dev/null
select jobs.enqueue('k', unique_key => 'u', depends_on => array[:dying]::bigint[]) as c \gset
select is(state(:c), 'dead', 'one that is dead at once');
select isnt(jobs.enqueue('k', unique_key => 'u'), :c::bigint, 'keeps no key');

-- in order
select jobs.enqueue('first') as first \gset
select jobs.enqueue('o', ordering_key => 'x', depends_on => array[:first]::bigint[]) as d \gset
select jobs.enqueue('o', ordering_key => 'x') as e \gset
select is(take(9, kinds => '{o}'), '{}', 'the next of an ordering key waits for one that is blocked');
select jobs.complete(claim_of(:first)) \g /dev/null
select is(take(9, kinds => '{o}'), array[:d]::bigint[], 'that goes first');
select jobs.complete(token(:d)) \g /dev/null
select is(take(9, kinds => '{o}'), array[:e]::bigint[], 'then the next');

-- an idempotency key's job stands for a second one in a batch
select jobs.create_batch('"report"') as batch \gset
select jobs.enqueue('k', batch => :batch, idempotency_key => 'i') as f \gset
select is(jobs.enqueue('k', batch => :batch, idempotency_key => 'i'), :f::bigint, 'a key''s job stands for another of its batch');
select is(jobs.get_batch(:batch) ->> 'jobs', '1', 'and counts once');
select jobs.complete(claim_of(:f)) \g /dev/null
select is(jobs.get_batch(:batch) ->> 'state', 'finished', 'it is the last');
select is_consistent();
select * from finish();
