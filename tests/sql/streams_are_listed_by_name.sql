\ir lib/setup.sql
select plan(20);
select stop_the_clock();
create temporary table made (stream text collate "C");
insert into made select unnest('{order,order-,order-1,order-10,order-2,order-1-x,order.x,order.x-1,order-.,order--,orders-1,order_1,Order-1,a,z-1,orde-1,ordér-1,order/1,order 1,"order!",order-~}'::text[]);
insert into made select 'many-' || n from generate_series(1, 250) as n;
insert into made values (repeat('x', 255)), (repeat('x', 254) || 'y');
select jobs.append_event(stream, 't' || n) from made, generate_series(1, 3) as n \g /dev/null
create function pages(size int, category text default null) returns text[] language plpgsql as $$
declare
  _all text[] := '{}';
  _page text[];
begin
  loop
    select array_agg(l.stream order by l.nth) into _page
    from jobs.list_streams(pages.category, _all[cardinality(_all)], size) with ordinality as l(stream, version, type, at, nth);
    exit when _page is null;
    if cardinality(_page) > size then raise 'a page of %', cardinality(_page); end if;
    _all := _all || _page;
  end loop;
  return _all;
end $$;

select is(pages(size), array(select stream from made order by stream), format('all of them, by pages of %s', size)) from unnest('{1,2,7,1000}'::int[]) as size;
select is(pages(size, c), array(select stream from made where split_part(stream, '-', 1) = c order by stream), format('those of category %s, by %s', c, size))
from unnest('{order,orders,order.x,ord,many}'::text[]) as c, unnest('{1,100}'::int[]) as size;
select is((select count(*) from jobs.list_streams()), 100::bigint, 'a page has 100 by default');
select is((select count(*) from jobs.list_streams('none')), 0::bigint, 'a category that does not exist has none');
select is((select (version, type, at)::text from jobs.list_streams('order', 'order-1', 1)), '(3,t3,"2030-01-01 00:00:00+00")', 'each with its last event');
select is((select array_agg(stream) from jobs.list_streams('order', 'order-1-', 2)), '{order-1-x,order-10}', 'after a name that is no stream');
select is((select array_agg(stream) from jobs.list_streams('order', 'zzz')), null, 'after the last there is none');
select is((select array_agg(stream) from jobs.list_streams('order', 'a', 2)), '{order,order-}', 'after a name before all of the category');
select * from finish();
