-- How many starts a bucket of this rate holds: by default what flows into it in a second, but one.
create or replace function jobs._burst(rate double precision, burst int)
returns int
language sql immutable
return coalesce(burst, greatest(1, least(ceil(rate), 1000000))::int);
