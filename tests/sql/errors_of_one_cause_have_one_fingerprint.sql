\ir lib/setup.sql
select plan(36);
create function message(text) returns text language sql as $$ select jobs._error_message(jsonb_build_object('message', $1)) $$;
create function frame(text) returns text language sql as $$ select jobs._error_frame(jsonb_build_object('traceback', $1)) $$;
create function f(error jsonb, kind text default 'k') returns text language sql as $$ select jobs.fingerprint(kind, error) $$;

-- what differs from one to the next
select is(message('no user 42 in 3 tries'), 'no user # in # tries', 'numbers');
select is(message('took -0.5 s, then 1e-05, 1.234,5 or +7'), 'took # s, then #, # or #', 'with signs, points, exponents');
select is(message('10.0.0.1:5432 at 2026-11-22 20:00:00.123'), '# at # #', 'addresses, dates and times');
select is(message('key 5d41402abc4b2a76 at 0x7fA9 of 550e8400-e29b-41d4-a716-446655440000'), 'key # at # of #', 'hexadecimal numbers and uuids');
select is(message('effaced deadbeef decade'), 'effaced deadbeef decade', 'not words of their letters');
select is(message('no "x y" in ''prod'', `z`'), 'no ''?'' in ''?'', ''?''', 'texts in quotes of three kinds');
select is(message('can''t open ''x''; it isn''t there'), 'can''t open ''?''; it isn''t there', 'an apostrophe is no quote');
select is(message('an open ''quote 5'), 'an open ''quote #', 'nor is a quote that does not end');
select is(message(E'  one\n\ttwo  three\r\n'), 'one two three', 'white space');
select is(message('user42 of größe 7'), 'user# of größe #', 'numbers within words, and other letters stay');
select is(length(message(repeat('abc ', 300))), 199, 'a long message is cut');
select is(message(repeat('a', 199) || ' b'), repeat('a', 199), 'and ends with no blank');
select is(jobs._error_message(null), '', 'none is empty');
select is(jobs._error_message('{"message": {"code": 5}}'), '{''?'': #}', 'what is no text is read as its text');

-- where it was raised
select is(frame(E'Traceback (most recent call last):\n  File "/app/7/shop/run.py", line 12, in run\n    send()\n  File "/app/7/shop/mail.py", line 3, in send\n    raise E\nE: x'),
  'mail.py in send', 'the last frame, without directory and line');
select is(frame(E'  File "a.py", line 1, in first\nE: x\n\nDuring handling of the above exception, another exception occurred:\n\n  File "b.py", line 2, in second\nF: y'),
  'b.py in second', 'of the last exception of a chain');
select is(frame(E'  | Traceback\n  |   File "C:\\app\\c.py", line 1, in <module>\n  | E: x'), 'c.py in <module>', 'in a group, on Windows, in a module');
select is(frame('Error: x at f (a.js:1:2)'), '', 'another language''s has none');
select is(jobs._error_frame('{"frame": "send in mail.go", "traceback": "…"}'), 'send in mail.go', 'unless it says so itself');
select is(jobs._error_frame('{"frame": null}'), '', 'or nothing');
select is(jobs._error_frame(null), '', 'no error has none');

-- the fingerprint
select is(f('{"type": "E", "message": "m", "frame": "f"}'), left(encode(sha256(convert_to(E'k\nE\nm\nf', 'UTF8')), 'hex'), 16), 'it is what any language can compute');
select is(f('{"type": "E", "message": "user 1"}'), f('{"type": "E", "message": "user  2", "extra": 1}'), 'equal for what differs in numbers and white space');
select isnt(f('{"message": "a"}'), f('{"message": "b"}'), 'another for another message');
select isnt(f('{"type": "E", "message": "a"}'), f('{"type": "F", "message": "a"}'), 'another type');
select isnt(f('{"message": "a", "frame": "x"}'), f('{"message": "a", "frame": "y"}'), 'another frame');
select isnt(f('{"message": "a"}'), f('{"message": "a"}', 'other'), 'and another kind');
select is(f(null), f('{}'), 'no error, and one that says nothing');
select matches(f('{"message": "größe"}'), '^[0-9a-f]{16}$', '16 hexadecimal digits');
select matches(jobs.fingerprint(null, null), '^[0-9a-f]{16}$', 'always');
select is((select provolatile from pg_proc where proname = 'fingerprint' and pronamespace = 'jobs'::regnamespace), 'i', 'immutable, for an index');

-- as a worker's error is kept
select jobs.enqueue('k', max_attempts => 1) as id \gset
select jobs.fail(claim_of(:id), jsonb_build_object('type', 'E', 'message', 'cut ' || (select string_agg(md5(i::text), ' ') from generate_series(1, 200) as i),
  'traceback', repeat(E'  File "x.py", line 1, in x\n', 400) || E'  File "y.py", line 1, in y\n', 'other', md5('a'))) \g /dev/null
select is(job(:id) -> 'error' ->> 'truncated', 'true', 'an error that was cut');
select is(jobs._error_frame(job(:id) -> 'error'), 'y.py in y', 'has its last frame still');
select matches(jobs._error_message(job(:id) -> 'error'), '^cut( #){50}', 'and the beginning of its message');
select is(jobs._error_frame(jobs._error(jsonb_build_object('frame', 'f', 'message', (select string_agg(md5(i::text), ' ') from generate_series(1, 400) as i)))), 'f', 'its own frame is kept');
set lc_messages = 'C';
set datestyle = 'German';
select is(f('{"message": "1,5 am 22.11.2026"}'), f('{"message": "2,5 am 23.11.2027"}'), 'whatever the session''s settings');
select * from finish();
