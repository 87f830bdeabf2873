-- How many jobs a batch has, and how many of them have ended in which way, as a JSON object.
create or replace function jobs._batch_counts(batch bigint)
returns jsonb
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select jsonb_build_object('jobs', count(*),
      'completed', count(*) filter (where d.outcome = 'completed'),
      'skipped', count(*) filter (where d.outcome = 'skipped'),
      'dead', count(*) filter (where d.outcome = 'dead'),
      'cancelled', count(*) filter (where d.outcome = 'cancelled'),
      'discarded', count(*) filter (where d.outcome = 'discarded'))
    from jobs.dependency d where d.waiter = batch and d.job <> batch);
end $$;
