\ir lib/setup.sql
select plan(27);

create function failed_with(error jsonb) returns jsonb language plpgsql as $$
declare _id bigint := jobs.enqueue('k');
begin
  perform jobs.fail((select c.token from jobs.claim_job(_id) as c), error);
  return jobs.get(_id) -> 'error';
end $$;

select is(failed_with('{"type": "E", "message": "m", "traceback": "t"}'), '{"type": "E", "message": "m", "traceback": "t"}',
  'an error that fits is kept as it is');
select is(failed_with('{"code": 7, "where": {"line": 3}}'), '{"code": 7, "where": {"line": 3}}', 'whatever its keys');
select is(failed_with('"just a text"'), '{"message": "just a text"}', 'a string becomes the message');
select is(failed_with('[1, 2]'), '{"message": "[1, 2]"}', 'so does an array');
select is(failed_with('42'), '{"message": "42"}', 'and a number');
select is(failed_with('{}'), '{}', 'an empty object is one');
select is(failed_with(null), null, 'no error, none kept');
select is(failed_with('null'), null, 'nor for a JSON null');

-- too long, in characters of one to four bytes; the cap is 8192 bytes
create temporary table long as
select c, bytes, failed_with(jsonb_build_object('type', 'E', 'message', repeat(c, 20000 / bytes) || 'END',
  'traceback', 'BEGIN' || repeat(c, 40000 / bytes), 'other', repeat(c, 3000 / bytes))) as error
from (values ('x', 1), ('é', 2), ('€', 3), ('😀', 4)) as v(c, bytes);
select is(error - '{message,traceback}'::text[], '{"type": "E", "truncated": true}', 'a long error in ' || bytes || '-byte characters says that it was cut')
from long;
select cmp_ok(pg_column_size(error), '<=', 8192, 'it fits the cap, in ' || bytes || '-byte characters') from long;
select ok(error ->> 'message' = repeat(c, 2048 / bytes), 'the message keeps its beginning, whole ' || bytes || '-byte characters') from long;
select ok(error ->> 'traceback' = repeat(c, 4096 / bytes), 'the traceback keeps its end, whole ' || bytes || '-byte characters') from long;

-- characters that straddle the cut, at every offset
select is(
  (select count(*) from generate_series(0, 3) as n,
    failed_with(jsonb_build_object('message', repeat('x', n) || repeat('😀', 4000))) as e
   where octet_length(e ->> 'message') between 2045 and 2048 and e ->> 'message' ~ '^x*😀+$'), 4::bigint,
  'wherever the cut falls, it is between two characters');
update jobs.setting set max_error_bytes = 2000;
select cmp_ok(pg_column_size(failed_with(to_jsonb(repeat('é', 100000)))), '<=', 2000, 'the cap is the installation''s');
select cmp_ok(octet_length(failed_with(jsonb_build_object('type', repeat('é', 100000))) ->> 'type'), '<=', 255, 'a type has 255 bytes at most');
select * from finish();
