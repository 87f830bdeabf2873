-- What a block must say of jobs with these options, so that the verbs which end or claim them look
-- further, and those of all other jobs need not:
--   2  tied: when the job has ended, something follows (_ended)
--   4  limited: a limit by key is looked at when it is claimed
-- 16  fair: it takes its turn by fair_key, in fair_line
-- and 8 of one that is paid already: its key's rate has put it off.
create or replace function jobs._flags_of(options jsonb)
returns smallint
language sql immutable
return (
  case when options ?| array['unique_key', 'ordering_key', 'concurrency_key', 'batch', 'depends_on']
    then 2 else 0 end
  | case when options ? 'fair_key' then 16 else 0 end
  | case when options ?| array['concurrency_key', 'ordering_key'] then 4 else 0 end)::smallint;
