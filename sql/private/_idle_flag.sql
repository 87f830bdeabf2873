-- The sequence that says whether a worker of the queue sleeps.
create or replace function jobs._idle_flag(queue_id int)
returns regclass
language sql immutable
return (array[
  'jobs.idle_flag_0'::regclass, 'jobs.idle_flag_1'::regclass, 'jobs.idle_flag_2'::regclass,
  'jobs.idle_flag_3'::regclass, 'jobs.idle_flag_4'::regclass, 'jobs.idle_flag_5'::regclass,
  'jobs.idle_flag_6'::regclass, 'jobs.idle_flag_7'::regclass, 'jobs.idle_flag_8'::regclass,
  'jobs.idle_flag_9'::regclass, 'jobs.idle_flag_10'::regclass, 'jobs.idle_flag_11'::regclass,
  'jobs.idle_flag_12'::regclass, 'jobs.idle_flag_13'::regclass, 'jobs.idle_flag_14'::regclass,
  'jobs.idle_flag_15'::regclass])[(queue_id & 15) + 1];
