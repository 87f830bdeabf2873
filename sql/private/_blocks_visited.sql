-- How many pages of ready and of its index this session has read so far, in memory or not.
create or replace function jobs._blocks_visited()
returns bigint
language sql volatile
return pg_stat_get_xact_blocks_fetched('jobs.ready'::regclass)
  + pg_stat_get_xact_blocks_fetched('jobs.ready_in_claim_order'::regclass);
