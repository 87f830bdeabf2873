-- What configure_queue does of how long a queue keeps things; where an age is given or put back,
-- prune walks the log from its beginning, since what it has passed by may have to go now. Raises
-- JB002. Locks and writes: the row of queue, prune_mark.
create or replace function jobs._set_ages(
  queue text, reset text[], keep interval, keep_completed interval, keep_cancelled interval,
  keep_skipped interval, keep_discarded interval, keep_dead interval, keep_results interval)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  _names text[] := array['keep', 'keep_completed', 'keep_cancelled', 'keep_skipped',
    'keep_discarded', 'keep_dead', 'keep_results'];
  _ages interval[] := array[keep, keep_completed, keep_cancelled, keep_skipped, keep_discarded,
    keep_dead, keep_results];
begin
  perform jobs._check_age(a.name, a.age) from unnest(_names, _ages) as a(name, age);
  if not reset && _names and num_nonnulls(variadic _ages) = 0 then
    return;
  end if;
  update jobs.queue q set
    keep = coalesce(jobs._set('keep', reset, _ages[1], q.keep), interval '7 days'),
    keep_completed = jobs._set('keep_completed', reset, _ages[2], q.keep_completed),
    keep_cancelled = jobs._set('keep_cancelled', reset, _ages[3], q.keep_cancelled),
    keep_skipped = jobs._set('keep_skipped', reset, _ages[4], q.keep_skipped),
    keep_discarded = jobs._set('keep_discarded', reset, _ages[5], q.keep_discarded),
    keep_dead = coalesce(jobs._set('keep_dead', reset, _ages[6], q.keep_dead), interval '90 days'),
    keep_results = jobs._set('keep_results', reset, _ages[7], q.keep_results)
  where q.name = _set_ages.queue;
  delete from jobs.prune_mark;
end $$;
