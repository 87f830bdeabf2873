-- For each of args: a job of this spec, which has an idempotency_key or a unique_key, or the one
-- that has that key already; `held` is what _lock_keys said. Rows as _insert_controlled.
create or replace function jobs._insert_keyed(
  spec jobs.job_spec, block jobs.ready, at timestamptz, options jsonb,
  regulated boolean, args jsonb[], held jsonb default null)
returns table (ord int, id bigint, created boolean, mismatch boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
  _queue_id int := block.queue_id;
  _type jobs.key_type;
  _held bigint;
begin
  for _nth in 1..cardinality(args) loop
    ord := _nth;
    id := null;
    mismatch := false;
    if spec.idempotency_key is not null then
      _type := 'idempotency';
      id := coalesce((held ->> jobs._key_name(_type, spec.idempotency_key, _queue_id))::bigint,
        jobs._take_key(_type, spec.idempotency_key, _queue_id));
      if id is not null then
        if spec.unique_key is not null then
          perform jobs._give_key('unique', spec.unique_key, _queue_id, null);
        end if;
        mismatch := exists (
          select from jobs.job j
          where j.id = id and (j.kind_id, j.args) <> (block.kind_id, args[_nth]));
      end if;
    end if;
    if id is null and spec.unique_key is not null then
      _type := 'unique';
      loop
        _held := (held ->> jobs._key_name(_type, spec.unique_key, _queue_id))::bigint;
        id := coalesce(_held, jobs._take_key(_type, spec.unique_key, _queue_id));
        exit when id is null or spec.on_conflict = 'error'
          or spec.unique_options -> 'replace' is null
          or jobs._replace(id, spec.unique_key, spec.unique_options -> 'replace', block, at,
            args[_nth])
          or _held is not null;
      end loop;
      if id is not null and spec.idempotency_key is not null then
        perform jobs._give_key('idempotency', spec.idempotency_key, _queue_id, null);
      end if;
    end if;
    created := false;
    if id is null then
      id := (jobs._insert_admitted(block, at, options, regulated, args[_nth:_nth]))[1];
      created := id is not null;   -- else a full queue has dropped it, and its keys are free
      perform jobs._give_keys(spec, _queue_id, id);
      if options ? 'depends_on' then
        perform jobs._end_doomed(array[id]);
      end if;
    elsif spec.on_conflict = 'error' or spec.on_conflict = 'match' and mismatch then
      perform jobs._raise_duplicate(_type, case _type when 'unique' then spec.unique_key
        else spec.idempotency_key end, id, mismatch);
    end if;
    return next;
  end loop;
end $$;
