-- What follows when these tied jobs have ended (_flags_of says which are): called in the
-- transaction of the terminal transition, after it, by every verb that makes one. A job that ends
-- because of that, as one whose depends_on failed, is tied as well and comes next: a queue and not
-- a recursion, so that a chain may be long.
create or replace function jobs._ended(ids bigint[], outcome jobs.transition)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
  _next record;
  _dead bigint[] := array[]::bigint[];
  _cancelled bigint[] := array[]::bigint[];
begin
  loop
    perform jobs._free_unique_keys(ids, outcome);
    perform jobs._pass_on(ids, true);
    _next := jobs._end_waits(ids, outcome);
    _dead := _dead || _next.dead;
    _cancelled := _cancelled || _next.cancelled;
    if _dead <> '{}' then
      ids := _dead;
      outcome := 'dead';
      _dead := array[]::bigint[];
    elsif _cancelled <> '{}' then
      ids := _cancelled;
      outcome := 'cancelled';
      _cancelled := array[]::bigint[];
    else
      return;
    end if;
  end loop;
end $$;
