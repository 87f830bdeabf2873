-- How many jobs of a queue (scope `q`) or of a kind (`k`) are running: counted from the leases.
create or replace function jobs._running(scope "char", id int)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _oldest bigint := (select r.oldest_claim from jobs.register r order by r.ver desc limit 1);
begin
  if scope = 'q' then
    return (
      select coalesce(sum(bit_count(l.unfinished::bit(64))), 0)
      from jobs.lease l where l.claim >= _oldest and l.queue_id = _running.id);
  end if;
  return (
    select coalesce(sum(
      case l.kind_id when _running.id then bit_count(l.unfinished::bit(64))
        -- several kinds, as claims were made before the kind had a limit
        else (
          select count(*) from unnest(l.ids) with ordinality as s(id, slot)
          join jobs.job j on j.id = s.id
          where l.unfinished & (1::bigint << (s.slot - 1)::int) <> 0
            and j.kind_id = _running.id) end), 0)
    from jobs.lease l where l.claim >= _oldest and l.kind_id in (_running.id, 0));
end $$;
