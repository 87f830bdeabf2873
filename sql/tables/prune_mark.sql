-- How far prune has come through the log, for the queues that keep such jobs (`state`; `result`:
-- their results) for so many seconds: what lies up to there is gone, or did not have to go. The
-- marks of all ages are forgotten when an age is changed (configure_queue), and the log is walked
-- anew.
create table jobs.prune_mark (
  state text collate "C" not null,
  seconds numeric not null,
  pos bigint not null,
  constraint prune_mark_pk primary key (state, seconds)
);
