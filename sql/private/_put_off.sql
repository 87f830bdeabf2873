-- The block's jobs, taken out of ready, may start at that time: the rate of their key says so.
create or replace function jobs._put_off(block jobs.ready, run_at timestamptz)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform jobs._log('blocked', block.queue_id, block.attempt, block.ids, null, array_fill(
    jsonb_build_object('run_at', run_at, 'reason', 'rate_per_key'),
    array[cardinality(block.ids)]));
  perform jobs._put(block, run_at);
  delete from jobs.line l where l.id = any(block.ids) and l.gate = 'c';
end $$;
