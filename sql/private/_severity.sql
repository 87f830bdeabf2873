-- How bad a figure is: from the threshold on a warning, from ten times of it on critical; null is
-- ok.
create or replace function jobs._severity(figure numeric, threshold numeric)
returns text
language sql immutable
return case when figure >= 10 * threshold then 'critical' when figure >= threshold then 'warning'
  else 'ok' end;
