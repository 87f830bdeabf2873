-- Jobs whose result is over the cap have failed, with an error that says so. Returns their
-- statuses.
create or replace function jobs._fail_oversized(tokens bigint[], results jsonb[])
returns table (token bigint, status text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  for token, status in
    select t.token, jobs._fail(t.token, jsonb_build_object(
      'type', 'ResultTooLarge',
      'message', format('the result has %s bytes as stored, %s are allowed: store it elsewhere and '
        'return a reference, or raise jobs.setting.max_result_bytes', pg_column_size(t.result),
        s.max_result_bytes)))
    from unnest(tokens, results) with ordinality as t(token, result, nth), jobs.setting s
    where jobs._is_oversized(t.result)
    order by t.token
  loop
    status := coalesce(status, jobs._refusal(token, '{failed,dead,cancelled}'));
    return next;
  end loop;
end $$;
