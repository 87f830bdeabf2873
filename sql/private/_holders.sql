-- The first ten jobs that are running of a queue (scope `q`), of a kind (`k`), or of a concurrency
-- key in a queue (`c`): in the order of their claims.
create or replace function jobs._holders(scope "char", id int, key text default null)
returns bigint[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _oldest bigint := (select r.oldest_claim from jobs.register r order by r.ver desc limit 1);
begin
  return array(
    select s.id from jobs.lease l
    cross join lateral unnest(l.ids) with ordinality as s(id, slot)
    where l.claim >= _oldest
      and l.unfinished & (1::bigint << (s.slot - 1)::int) <> 0
      and case scope
        when 'q' then l.queue_id = _holders.id
        when 'k' then l.kind_id in (_holders.id, 0)
          and (select j.kind_id from jobs.job j where j.id = s.id) = _holders.id
        else exists (
          select from jobs.key_claim c
          where c.claim = l.claim and c.queue_id = _holders.id and c.key = _holders.key) end
    order by l.claim, s.slot limit 10);
end $$;
