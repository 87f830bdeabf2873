-- Ready jobs with a fair_key, one a row, in the order in which keys take turns: a key's first
-- waiting job has the round after the one that is being served, each further one the round after
-- that. Claims take the lowest rounds first, so that in one round each key has one turn.
create table jobs.fair_line (
  like jobs.ready including storage,
  key text not null collate "C",
  round bigint not null
);
create index fair_line_in_turn on jobs.fair_line (queue_id, priority, round, ord);
create index fair_line_by_key on jobs.fair_line (queue_id, priority, key, ord);
