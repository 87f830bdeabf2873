-- The sequence that notes how full the queue is.
create or replace function jobs._full_note(queue_id int)
returns regclass
language sql immutable
return (array[
  'jobs.full_note_0'::regclass, 'jobs.full_note_1'::regclass, 'jobs.full_note_2'::regclass,
  'jobs.full_note_3'::regclass, 'jobs.full_note_4'::regclass, 'jobs.full_note_5'::regclass,
  'jobs.full_note_6'::regclass, 'jobs.full_note_7'::regclass, 'jobs.full_note_8'::regclass,
  'jobs.full_note_9'::regclass, 'jobs.full_note_10'::regclass, 'jobs.full_note_11'::regclass,
  'jobs.full_note_12'::regclass, 'jobs.full_note_13'::regclass, 'jobs.full_note_14'::regclass,
  'jobs.full_note_15'::regclass])[(queue_id & 15) + 1];
