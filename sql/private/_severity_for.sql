-- The same of how long something has lasted.
create or replace function jobs._severity_for(lasted interval, threshold interval)
returns text
language sql immutable
return jobs._severity(extract(epoch from lasted), extract(epoch from threshold));
