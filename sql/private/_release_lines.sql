-- Keys whose blocked jobs nobody has released though they may start: up to 1000 keys are looked at,
-- beginning anywhere. Who ends a job releases the next; this is for what that missed (_pass_on).
-- Claims that are over are forgotten, and buckets that are full again.
create or replace function jobs._release_lines()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _oldest bigint := (select r.oldest_claim from jobs.register r order by r.ver desc limit 1);
  _from int := floor(random() * 4294967296 - 2147483648);
  _key record;
begin
  if exists (select from jobs.line l where l.state = 'b') then
    for _key in
      select distinct b.queue_id, b.gate, b.key
      from (
        (select l.queue_id, l.gate, l.key from jobs.line l
         where l.state = 'b' and hashtext(l.key) >= _from
         order by hashtext(l.key), l.queue_id, l.gate, l.key, l.rank limit 1000)
        union all
        (select l.queue_id, l.gate, l.key from jobs.line l
         where l.state = 'b' and hashtext(l.key) < _from
         order by hashtext(l.key), l.queue_id, l.gate, l.key, l.rank limit 1000)) as b
    loop
      perform jobs._release_line(_key.queue_id, _key.gate, _key.key);
    end loop;
  end if;
  delete from jobs.key_claim c where c.claim < _oldest;
  delete from jobs.bucket b where b.at < jobs.now() - interval '1 day' and not exists (
    select from jobs.queue q
    where b.scope in ('q', 'c') and q.id = b.id
      and case b.scope when 'q' then q.rate else q.rate_per_key end * 86400 + b.tokens
        < jobs._burst(case b.scope when 'q' then q.rate else q.rate_per_key end,
          case b.scope when 'q' then q.burst else q.burst_per_key end))
    and b.scope <> 'k';
end $$;
