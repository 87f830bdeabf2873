-- The place of a job in the line of a concurrency key: by priority, then by id.
create or replace function jobs._rank(priority smallint, id bigint)
returns bigint
language sql immutable
return id - (priority::bigint << 48);
