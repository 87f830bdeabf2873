-- The newest credit behind this gate.
create or replace function jobs._credit_at(queue_id int, gate int)
returns jobs.queue_credit
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _credit jobs.queue_credit;
begin
  select * into _credit from jobs.queue_credit c
  where c.queue_id = _credit_at.queue_id and c.gate = _credit_at.gate
  order by c.ver desc limit 1;
  return _credit;
end $$;
