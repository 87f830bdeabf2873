-- Sixteen sequences that say "a worker sleeps": 2 is asleep, anything else is awake. A sequence is
-- neither transactional nor locked, which is what a hint needs. Queues share them by id.
do $idle$
begin
  for _nth in 0..15 loop
    execute format('create sequence jobs.idle_flag_%s as smallint minvalue 1 maxvalue 2', _nth);
  end loop;
end $idle$;
