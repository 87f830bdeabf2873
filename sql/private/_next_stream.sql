-- The first stream after this name, of the category (null: any); null if there is none. Names are
-- compared byte by byte: those of a category are itself and what begins with it and a hyphen.
create or replace function jobs._next_stream(category text, after text)
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _stream text;
begin
  if category is null then
    select e.stream into _stream from jobs.stream_event e
    where e.stream > after collate "C" order by e.stream limit 1;
    return _stream;
  end if;
  if after collate "C" < category then
    perform from jobs.stream_event e where e.stream = category collate "C" limit 1;
    if found then
      return category;
    end if;
  end if;
  -- '-' is followed by '.'
  select e.stream into _stream from jobs.stream_event e
  where e.stream > after collate "C" and e.stream >= (category || '-') collate "C"
    and e.stream < (category || '.') collate "C"
  order by e.stream limit 1;
  return _stream;
end $$;
