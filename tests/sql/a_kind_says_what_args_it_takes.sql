\ir lib/setup.sql
select plan(23);

select jobs.configure_kind('send', required_args => '{to,subject}', arg_types => '{"to": "string", "n": ["integer", "null"], "tags": "array"}') \g /dev/null
select ok(jobs.enqueue('send', '{"to": "a", "subject": 1, "n": 2, "other": true}') > 0, 'what fits is taken');
select ok(jobs.enqueue('send', '{"to": "a", "subject": 1, "n": 2.0}') > 0, '2.0 is an integer');
select ok(jobs.enqueue('send', '{"to": "a", "subject": 1, "n": null, "tags": []}') > 0, 'null where it may be');
select refuses($$select jobs.enqueue('send', '{"to": "a"}')$$, 'JB002', 'a key is missing', 'args of kind send lack the key "subject"', 'Required keys: to, subject');
select refuses($$select jobs.enqueue('send')$$, 'JB002', 'all are', 'lack the key "subject"');
select refuses($$select jobs.enqueue('send', '[1]')$$, 'JB002', 'no object', 'are array, not an object');
select refuses($$select jobs.enqueue('send', '{"to": 1, "subject": 1}')$$, 'JB002', 'of another type', 'have number under the key "to"', 'Types: .*"to": "string"');
select refuses($$select jobs.enqueue('send', '{"to": "a", "subject": 1, "n": 1.5}')$$, 'JB002', 'no integer', 'have number under the key "n"');
select refuses($$select jobs.enqueue('send', '{"to": "a", "subject": 1, "n": "1"}')$$, 'JB002', 'nor this', 'have string under the key "n"');
select refuses($$select jobs.enqueue('send', '{"to": "a"}', unique_key => 'k')$$, 'JB002', 'with a key too', 'lack the key "subject"');
select refuses($$select jobs.enqueue('send', '{"to": "a"}', priority => 5)$$, 'JB002', 'and with options', 'lack the key "subject"');
select refuses($$select jobs.enqueue_many('send', array['{"to": "a", "subject": 1}', '{"to": "a"}']::jsonb[])$$, 'JB002',
  'of many it is said which', 'lack the key "subject"', 'Required', 'index 2');
select refuses($$select jobs.enqueue_many('[{"kind": "other"}, {"kind": "send", "args": {"to": "a", "subject": 1}}, {"kind": "send", "args": {}}]')$$, 'JB002',
  'of any kinds too', 'lack the key "subject"', 'Required', 'index 3');
select refuses($$select jobs.enqueue_many('[{"kind": "other"}, {"kind": "send", "unique_key": "k", "args": {}}]')$$, 'JB002',
  'and with keys', 'lack the key "subject"', 'Required', 'index 2');
select is((select count(*) from jobs.job), 3::bigint, 'nothing that was refused is there');

select jobs.configure_kind('send', reset => '{required_args}') \g /dev/null
select ok(jobs.enqueue('send', '{"n": 1}') > 0, 'no key is required now');
select refuses($$select jobs.enqueue('send', '{"n": "a"}')$$, 'JB002', 'but types are looked at', 'key "n"');
select jobs.configure_kind('send', reset => '{arg_types}') \g /dev/null
select ok(jobs.enqueue('send', '[1]') > 0, 'anything is taken now');

select refuses($$select jobs.configure_kind('send', required_args => '{}')$$, 'JB002', 'none is not required', 'required_args is', 'reset');
select refuses($$select jobs.configure_kind('send', required_args => '{a,null}')$$, 'JB002', 'nor null', 'required_args is', 'Name the keys');
select refuses($$select jobs.configure_kind('send', arg_types => '["string"]')$$, 'JB002', 'types are of keys', 'arg_types is array', 'an object');
select refuses($$select jobs.configure_kind('send', arg_types => '{"a": "text"}')$$, 'JB002', 'no such type', 'at a: "text"', 'string, number');
select refuses($$select jobs.configure_kind('send', arg_types => '{"a": []}')$$, 'JB002', 'no type', 'at a: \[\]', 'string, number');
select * from finish();
