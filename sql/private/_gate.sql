-- A row of explain().
create or replace function jobs._gate(
  gate text, open boolean, why text, remedy text, detail jsonb)
returns jobs.gate
language sql immutable
return row(gate, open, why, case when not open then remedy end, detail)::jobs.gate;
