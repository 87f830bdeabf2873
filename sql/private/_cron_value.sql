-- The number, or the number that the name stands for; null if it is neither.
create or replace function jobs._cron_value(word text, low int, names text[])
returns int
language sql immutable
return case when word ~ '^[0-9]{1,4}$' then word::int
  else array_position(names, word) - 1 + low end;
