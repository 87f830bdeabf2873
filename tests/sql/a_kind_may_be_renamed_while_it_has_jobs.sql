\ir lib/setup.sql
select plan(34);

select jobs.enqueue('old', '{"n": 1}') \g /dev/null
select jobs.enqueue('old', '{"n": 2}', delay => '1 h') \g /dev/null
select jobs.enqueue('new', '{"n": 3}') \g /dev/null
select jobs.configure_kind('new', max_attempts => 2, on_dead => 'report', timeout => '5 s') \g /dev/null
select jobs.configure_kind('old', alias_of => 'new') \g /dev/null
select is((select settings - 'backoff' - 'alias_of' from jobs.list_kinds('old')), (select settings - 'backoff' - 'alias_of' from jobs.list_kinds('new')), 'it has the settings of its kind');
select is((select settings ->> 'alias_of' from jobs.list_kinds('old')), 'new', 'and says of which');

select jobs.enqueue('old', '{"n": 4}') \g /dev/null
select jobs.enqueue_many('old', '{"{\"n\": 5}"}') \g /dev/null
select jobs.enqueue_many('[{"kind": "old", "args": {"n": 6}}]') \g /dev/null
select is((select array_agg(k.name order by j.id) from jobs.job j join jobs.kind k on k.id = j.kind_id),
  '{old,old,new,new,new,new}', 'what is enqueued under the old name is of the new kind');
select is((select distinct kind from jobs.job_state), 'new', 'and what was before is shown as of it');
select is((select count(*) from jobs.list(kind => 'new')), 6::bigint, 'and listed');
select is((select count(*) from jobs.list(kind => 'old')), 6::bigint, 'by either name');
select is((select count(*) from jobs.list('scheduled', kind => 'new')), 1::bigint, 'in each state');
select is((select data ->> 'kind' from jobs.read_all(types => '{job.enqueued}', allow_gaps => true) limit 1), (select 'new' where exists (select from jobs.read_all())), 'in the log too');

-- claims
select is(take(10, kinds => '{old}'), '{}', 'nobody takes it by the old name');
select jobs.pause(kind => 'new') \g /dev/null
select is(take(10, '{default}', '{new}'), '{}', 'a pause is of both');
select jobs.resume(kind => 'old') \g /dev/null
select is((select (kind, args)::text from jobs.claim('{default}', kinds => '{new}')), '(new,"{""n"": 1}")', 'a worker of the new name takes an old job');
select is((select array_agg(distinct kind) from jobs.claim('{default}', max_jobs => 3, kinds => '{new,other}')), '{new}', 'or several');
select is((select array_agg(distinct kind) from jobs.claims_of(null)), null, 'claims_of is asked by worker');
select is((select kind from jobs.claim_job((select id from jobs.list('scheduled')))), 'new', 'or by its id');
select is((select kind from jobs.work('{default}', null, 1, null, '{new}', null)), 'new', 'work too');

-- what is counted
select is((select ready + scheduled + running from jobs.stats_by_kind() where kind = 'new'), 6::bigint, 'both are counted as one kind');
select is_empty($$select from jobs.stats_by_kind() where kind = 'old'$$, 'an alias is none');
select jobs.register_worker('w', kinds => '{new}') \g /dev/null
select ok(jobs.enqueue('old') > 0 and (select h.saw from jobs.health() h where h.name = 'workers') !~ 'kind (old|new)', 'a worker of the new name is one');

-- settings
select jobs.configure_kind('new', on_dead => 'other report') \g /dev/null
select is((select settings ->> 'on_dead' from jobs.list_kinds('old')), 'other report', 'what is configured later is of both');
select jobs.configure_kind('old', timeout => '6 s') \g /dev/null
select is((select (settings -> 'timeout')::int from jobs.list_kinds('new')), 6, 'under either name');
select jobs.fail((select l.claim << 6 from jobs.lease l where l.ids[1] = (select min(id) from jobs.job)), '"no"', reason => 'rejected') \g /dev/null
select is((select args -> 'job' ->> 'kind' from jobs.claim('{default}', kinds => '{other report}')), 'new', 'a death is the new kind''s');
select is((select count(*) from jobs.retry_many(kind => 'new')), 1::bigint, 'it is retried by the new name');
select is(jobs.cancel_many(kind => 'old'), 2::bigint, 'and cancelled by either');

-- chains
select jobs.configure_kind('new', alias_of => 'newest') \g /dev/null
select is((select array_agg(settings ->> 'alias_of' order by name) from jobs.list_kinds() where name in ('new', 'old')), '{newest,newest}', 'an alias of an alias is none');
select jobs.enqueue('old') \g /dev/null
select is((select distinct kind from jobs.job_state where kind !~ 'report'), 'newest', 'all jobs have the newest name');
select refuses($$select jobs.configure_kind('other', alias_of => 'old')$$, 'JB002', 'it names the kind itself', 'old is an alias', 'newest');
select refuses($$select jobs.configure_kind('newest', alias_of => 'new')$$, 'JB002', 'no circle', 'new is an alias');
select refuses($$select jobs.configure_kind('x', alias_of => 'x')$$, 'JB002', 'none of itself', 'alias of itself');
select refuses($$select jobs.configure_kind('newest', on_dead => 'old')$$, 'JB002', 'no kind reports its own deaths, under any name', 'itself', 'another kind');
select jobs.configure_kind('newest', on_dead => 'x') \g /dev/null
select refuses($$select jobs.configure_kind('x', alias_of => 'newest')$$, 'JB002', 'nor becomes what does', 'on_dead of newest would be itself', 'another on_dead');
select refuses($$select jobs.configure_kind('x', alias_of => '')$$, 'JB002', 'a name is a name', 'cannot be used');
select jobs.configure_kind('old', reset => '{alias_of}') \g /dev/null
select jobs.enqueue('old') \g /dev/null
select is((select count(*) from jobs.list('ready', kind => 'old')), 1::bigint, 'it may be a kind again');
select is((select count(*) from jobs.list('running', kind => 'new')), 0::bigint + (select count(*) from jobs.list('running', kind => 'newest')), 'names that mean the same find the same');
select is_consistent();
select * from finish();
