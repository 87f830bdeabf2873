-- A row of health().
create or replace function jobs._health(
  name text, status text, saw text, why text, remedy text, detail jsonb)
returns jobs.health_check
language sql immutable
return row(name, status, saw, why, case when status <> 'ok' then remedy end,
  detail)::jobs.health_check;
