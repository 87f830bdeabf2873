-- How bad it is that so much of a limit is used: from the threshold on a warning, from half of what
-- is left above it on critical.
create or replace function jobs._severity_of_share(share numeric, threshold numeric)
returns text
language sql immutable
return case when share >= (1 + threshold) / 2 then 'critical' when share >= threshold then 'warning'
  else 'ok' end;
