-- The version of the installed functions, as in `0.1.0`.
create or replace function jobs.version()
returns text
language sql immutable
return '0.1.0';
