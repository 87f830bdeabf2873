-- How long the events of a category's streams are kept: prune removes those that are older, oldest
-- first, but none that a consumer or a subscription has yet to read. Without this they are kept for
-- ever.
--   name       the part of the streams' names before the first hyphen
--   keep       not negative
--   keep_last  the last event of a stream stays, so that its version goes on; false: streams whose
--              events are all old are gone, and begin again at version 1. Default true
--   reset      names of settings to put back to their default
-- SQLSTATE JB002. Locks and writes: the row of category.
create or replace function jobs.configure_category(
  name text, keep interval default null, keep_last boolean default null,
  reset text[] default '{}')
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform jobs._check_reset(reset, '{keep,keep_last}');
  perform jobs._check_stream(name);
  perform jobs._check_category(name);
  if keep < interval '0' then
    perform jobs._raise_invalid(
      format('keep is %s', keep), 'How long events are kept is not negative.');
  end if;
  insert into jobs.category (name) values (name) on conflict do nothing;
  update jobs.category c
  set keep = jobs._set('keep', reset, configure_category.keep, c.keep),
    keep_last = coalesce(jobs._set('keep_last', reset, configure_category.keep_last, c.keep_last),
      true)
  where c.name = configure_category.name collate "C";
end $$;
