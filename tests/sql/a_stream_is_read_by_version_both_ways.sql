\ir lib/setup.sql
select plan(20);
select jobs.append_event(s, 't', to_jsonb(n)) from unnest('{order-1,order-10,order-1-x,order}'::text[]) as s, generate_series(1, 20) as n \g /dev/null
create function versions(from_version bigint default null, max_events int default 1000, backwards boolean default false, stream text default 'order-1') returns bigint[] language sql as $$
  select coalesce(array_agg(e.version), '{}') from jobs.read_stream(versions.stream, versions.from_version, versions.max_events, versions.backwards) as e
  where e.stream = versions.stream and e.data::bigint = e.version $$;
create function numbers(a int, z int, step int default 1) returns bigint[] language sql as $$ select array(select generate_series(a, z, step))::bigint[] $$;

select is(versions(stream => s), numbers(1, 20), s || ': its own events and no others') from unnest('{order-1,order-10,order-1-x,order}'::text[]) as s;
select is(versions(1), numbers(1, 20), 'from 1');
select is(versions(7), numbers(7, 20), 'from 7, including it');
select is(versions(20), '{20}', 'the last');
select is(versions(21), '{}', 'beyond the last');
select is(versions(0), numbers(1, 20), 'from 0');
select is(versions(5, 3), '{5,6,7}', 'a page');
select is(versions(19, 3), '{19,20}', 'the last page');
select is(versions(backwards => true), numbers(20, 1, -1), 'newest first');
select is(versions(7, backwards => true), numbers(7, 1, -1), 'backwards from 7, including it');
select is(versions(7, 3, true), '{7,6,5}', 'a page backwards');
select is(versions(2, 3, true), '{2,1}', 'the last page backwards');
select is(versions(0, backwards => true), '{}', 'before the first');
select is(versions(99, 2, true), '{20,19}', 'backwards from beyond the last');
select is(versions(max_events => 2, backwards => null), '{1,2}', 'backwards null is forwards');
select is(versions(stream => 'none'), '{}', 'a stream that does not exist has no events');
select is(versions(stream => 'none', backwards => true), '{}', 'in no direction');
select * from finish();
