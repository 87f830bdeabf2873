\ir lib/setup.sql
select plan(61);
select stop_the_clock();

-- an empty log
select is((select count(*) from jobs.read_all()), 0::bigint, 'an empty log has no events');
select is((select count(*) from jobs.read_all(0)), 0::bigint, 'after 0 neither');
select is((select count(*) from jobs.read_category('order')), 0::bigint, 'nor has a category');
select refuses('select * from jobs.read_all(1)', 'JB011', 'ahead of an empty log', '^position 1 is ahead of the log$', 'another database.*Restart at 0', '^the last position is 0$');

-- users' events of four categories and jobs' transitions, alone and in blocks, mixed
create procedure happen(n int) language plpgsql as $$
begin
  for i in 1..n loop
    perform jobs.append_event(format('%s-%s', (array['order', 'orders', 'invoice', 'o_der'])[1 + i % 4], i % 3), (array['order.placed', 'order.paid', 'order_paid', 'a%b', 'invoice.sent'])[1 + i % 5],
      to_jsonb(i), headers => '{"h": 1}');
    perform jobs.enqueue('k', jsonb_build_object('n', i), headers => '{"traceparent": "00-x"}');
    if i % 5 = 0 then
      perform jobs.append_events('order', '[{"type": "t"}, {"type": "order.placed"}]');
      perform jobs.enqueue_many('many', array_fill('{}'::jsonb, array[7]), queue => 'other');
      perform jobs.complete_many(array(select token from jobs.claim('{other}', max_jobs => 7)));
      perform jobs.fail((select token from jobs.claim('{default}')), reason => 'aborted', error => '"why"');
    end if;
    commit;
  end loop;
end $$;
call happen(60);
create view reference as
  select pos, at, stream, type, 'e' || version as item from jobs.stream_event
  union all select pos, at, 'job-' || job_id, 'job.' || type, 'j' || job_id from jobs.job_event;
create function items(category text default null, types_like text[] default '{.}', kind text default null) returns text[] language sql as $$
  select coalesce(array_agg(pos || stream || item || r.type order by pos, stream), '{}') from reference r
  where (category is null or split_part(stream, '-', 1) = items.category) and r.type ~ any(types_like) and (kind is null or kind = left(item, 1)) $$;

-- all pages, of this size; what is shown of each page is sorted within a position, whose jobs have no order
create function pages(size int, types text[] default null, job_events boolean default null, category text default null) returns text[] language plpgsql as $$
declare
  _all text[] := '{}';
  _page text[];
  _after bigint;
  _next bigint;
  _first bigint;
  _positions int;
begin
  loop
    if category is null then
      select array_agg(e.pos || e.stream || coalesce('e' || e.version, 'j' || (e.data ->> 'job_id')) || e.type order by e.pos, e.stream), max(e.pos), min(e.pos), count(distinct e.pos)
      into _page, _next, _first, _positions from jobs.read_all(_after, size, pages.types, pages.job_events) as e;
    else
      select array_agg(e.pos || e.stream || coalesce('e' || e.version, 'j' || (e.data ->> 'job_id')) || e.type order by e.pos, e.stream), max(e.pos), min(e.pos), count(distinct e.pos)
      into _page, _next, _first, _positions from jobs.read_category(pages.category, _after, size, pages.types) as e;
    end if;
    exit when _page is null;
    if _positions > size or _first <= _after then
      raise 'a page of % positions after %', _positions, _after;
    end if;
    _all := _all || _page;
    _after := _next;
  end loop;
  return _all;
end $$;
select cmp_ok(cardinality(items()), '>', 400, 'there is something to read');
select is(pages(size), items(), format('all of it, by pages of %s', size)) from unnest('{1,2,7,100,10000}'::int[]) as size;
select is(pages(size, job_events => true), items(kind => 'j'), format('jobs'' events, by %s', size)) from unnest('{1,7,1000}'::int[]) as size;
select is(pages(size, job_events => false), items(kind => 'e'), format('users'' events, by %s', size)) from unnest('{1,7,1000}'::int[]) as size;
select is(pages(3, category => c), items(c), 'category ' || c) from unnest('{order,orders,invoice,o_der,none}'::text[]) as c;
select is(pages(3, category => 'job'), items(kind => 'j'), 'category job is that of the jobs');
select is((select array_agg(e.pos) from jobs.read_all() as e), (select array_agg(e.pos order by e.pos) from jobs.read_all() as e), 'rows come by position');
select is((select count(*) from jobs.read_all(max_events => 1, types => '{job.completed}')), 7::bigint, 'the jobs of one transition share a position, and are not cut apart');
select is((select count(*) from jobs.read_all(max_events => 1000)), least(1000, cardinality(items()))::bigint, '1000 is allowed');

-- types: names, or patterns whose only special character is *
select is(pages(5, types), items(types_like => likes), 'types ' || types::text)
from (values
  ('{order.placed}'::text[], '{^order[.]placed$}'::text[]), ('{order.*}', '{^order[.].*}'), ('{order_paid}', '{^order_paid$}'), ('{order*}', '{^order.*}'), ('{*paid}', '{paid$}'),
  ('{*}', '{.}'), ('{a%b}', '{^a%b$}'), ('{%}', '{^%$}'), ('{order.placed,order.paid}', '{^order[.]p}'), ('{o*d}', '{^o.*d$}'), ('{*.*}', '{[.]}'), ('{*_*}', '{_}'), ('{_}', '{^_$}'),
  ('{job.*}', '{^job[.]}'), ('{job.dead}', '{^job[.]dead$}'), ('{job.dead,job.failed,job.cancelled}', '{^job[.](dead|failed|cancelled)$}'), ('{job.enqueued}', '{^job[.]enqueued$}'),
  ('{job.completed,job.dead}', '{^job[.](completed|dead)$}'), ('{job*}', '{^job}'), ('{*.placed,job.claimed}', '{[.]placed$|job[.]claimed}'), ('{unknown}', '{^unknown$}'), ('{job.unknown}', '{^unknown$}'),
  ('{ORDER.*}', '{^ORDER}')) as v(types, likes);
select is(pages(5, '{order.*}', true), '{}', 'jobs'' events of a user''s type are none');
select is(pages(5, '{order.*}', category => 'orders'), items('orders', '{^order[.]}'), 'types of a category');
select is(pages(5, '{job.dead}', category => 'job'), items(types_like => '{^job[.]dead$}'), 'also of the jobs''');

-- what an event is
select is((select to_jsonb(e) - '{pos,headers}'::text[] from jobs.read_all(types => '{job.enqueued}', max_events => 1) as e), format('{"at": "2030-01-01T00:00:00+00:00", "stream": "job-2", "version": null, "type": "job.enqueued",
  "schema_version": 1, "event_id": null, "data": {"job_id": 2, "kind": "k", "queue": "default", "attempt": 0, "worker": null, "data": %s}}', (select options from jobs.job where id = 2))::jsonb, 'a job''s event');
select is((select headers from jobs.read_all(types => '{job.dead}', max_events => 1)), '{"traceparent": "00-x"}', 'has the headers of its job');
select is((select (data ->> 'attempt') || (data #>> '{data,reason}') || (data #>> '{data,error,message}') from jobs.read_all(types => '{job.dead}', max_events => 1)), '1abortedwhy', 'and what its transition says');
select is((select count(*) from jobs.read_all() as e where e.version is not null and not exists (select from jobs.stream_event s where to_jsonb(s) @> (to_jsonb(e) - 'generation'))), 0::bigint, 'a user''s is what was appended');

-- a page begins after any position, also between events
select max(pos) as last from reference \gset
select is((select array_agg(e.pos) from jobs.read_all(p, 3, '{order.placed}') as e),
  (select array_agg(pos order by pos) from (select pos from reference where type = 'order.placed' and pos > p order by pos limit 3) as r), 'after ' || p)
from unnest('{0,1,77,78}'::bigint[]) as p;
select is((select count(*) from jobs.read_all(:last)), 0::bigint, 'after the last there is nothing');
select setval('jobs.pos_seq', :last + 100) \g /dev/null
select is((select count(*) from jobs.read_all(:last + 100)), 0::bigint, 'nor after a position that was drawn for nothing');
select * from finish();
