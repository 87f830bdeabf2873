-- Who may do what, all of it. Nothing is granted to PUBLIC, no table to anyone: the verbs run with
-- the rights of the owner, a role that cannot log in. Where the installing role may not create
-- roles, it stays the owner itself and nobody else is granted anything until someone who may runs
-- this file.
do $grants$
declare
  _role text;
  _object record;
begin
  foreach _role in array
    '{jobs_owner,jobs_producer,jobs_worker,jobs_reader,jobs_operator}'::text[]
  loop
    if to_regrole(_role) is null then
      begin
        execute format('create role %I nologin', _role);
      exception when insufficient_privilege then
        raise notice
          'txjobs: % may not create roles; it stays the owner, grants.sql can be applied later',
          current_user;
        exit;
      when duplicate_object or unique_violation then
        null;   -- made by another installation at this moment
      end;
    end if;
  end loop;

  -- everything is taken from PUBLIC first: functions are executable by default
  execute 'revoke all on schema jobs from public';
  execute 'revoke all on all tables in schema jobs from public';
  execute 'revoke all on all sequences in schema jobs from public';
  execute 'revoke all on all routines in schema jobs from public';
  -- and from the roles: a release may grant less than the one before
  for _role in
    select r from unnest('{jobs_producer,jobs_worker,jobs_reader,jobs_operator}'::text[]) as r
    where to_regrole(r) is not null
  loop
    execute format('revoke all on all routines in schema jobs from %I', _role);
  end loop;

  for _object in
    select r.role, p.oid::regprocedure as verb
    from (values
      ('{jobs_producer,jobs_worker,jobs_reader,jobs_operator}'::text[],
        '{now,_test_now,set_test_clock,backoff_delay,fingerprint,next_run,version,get,history,
          results,has_in_flight,read_stream,latest,load_snapshot,cloudevent}'::text[]),
      ('{jobs_producer,jobs_worker,jobs_operator}', '{enqueue,enqueue_many,cancel,cancel_many,
        append_event,append_events,save_snapshot}'),
      ('{jobs_worker}',
        '{claim,claim_job,claims_of,work,complete,complete_many,fail,fail_many,snooze,skip,discard,
          release,release_many,heartbeat,assert_claim,idle,register_worker,deregister_worker}'),
      ('{jobs_worker}', '{poll,ack,nack}'),
      ('{jobs_worker,jobs_operator}',
        '{reset_stale_claims,tick,maintain,subscribe,prune,unsubscribe,backfill,create_consumer,
          schedule,unschedule,run_schedule}'),
      ('{jobs_reader,jobs_worker,jobs_operator}',
        '{list,stats,verify,read_all,read_category,last_pos,list_streams,list_consumers,
          list_subscriptions,list_schedules,schedule_history,list_queues,list_kinds,
          list_pauses,list_errors}'),
      ('{jobs_reader,jobs_worker,jobs_operator}',
        '{explain,health,_health_of,stats_by_kind,list_workers}'),
      ('{jobs_producer,jobs_worker,jobs_operator}', '{create_batch,close_batch,cancel_batch}'),
      ('{jobs_producer,jobs_worker,jobs_reader,jobs_operator}', '{get_batch,batch_jobs}'),
      ('{jobs_reader,jobs_worker,jobs_operator}', '{list_batches}'),
      ('{jobs_operator}',
        '{pause,resume,configure_queue,configure_kind,configure_category,retry,retry_many,
          reset_consumer,delete_consumer}')
      ) as g(roles, verbs)
    cross join lateral unnest(g.roles) as r(role)
    join pg_proc p on p.proname = any(g.verbs) and p.pronamespace = 'jobs'::regnamespace
    where to_regrole(r.role) is not null
  loop
    execute format('grant execute on function %s to %I', _object.verb, _object.role);
  end loop;

  for _role in
    select r from unnest('{jobs_producer,jobs_worker,jobs_reader,jobs_operator}'::text[]) as r
    where to_regrole(r) is not null
  loop
    execute format('grant usage on schema jobs to %I', _role);
    if _role in ('jobs_reader', 'jobs_worker', 'jobs_operator') then
      execute format('grant select on jobs.job_event, jobs.job_state to %I', _role);
    end if;
  end loop;

  if to_regrole('jobs_owner') is not null then
    begin
      perform set_config('search_path', 'pg_catalog, pg_temp', true);
      if not (select r.rolsuper from pg_roles r where r.rolname = current_user) then
        begin   -- from PostgreSQL 16 on, who has made a role may not yet act as it
          execute format('grant jobs_owner to %I', current_user);
        exception when insufficient_privilege then
          null;   -- it may be a member already
        end;
      end if;
      if (select n.nspowner from pg_namespace n
        where n.nspname = 'jobs') <> 'jobs_owner'::regrole then
        execute 'alter schema jobs owner to jobs_owner';
      end if;
      for _object in
        select format('%s %s', case c.relkind when 'v' then 'view' when 'S' then 'sequence'
          else 'table' end,
          c.oid::regclass) as name
        from pg_class c
        where c.relnamespace = 'jobs'::regnamespace and c.relkind in ('r', 'p', 'v', 'S')
          and c.relowner <> 'jobs_owner'::regrole
          and not exists (   -- an identity's sequence follows its table
            select from pg_depend d where d.objid = c.oid and d.classid = 'pg_class'::regclass
              and d.deptype = 'i' and c.relkind = 'S')
        union all
        select format('function %s', p.oid::regprocedure) from pg_proc p
        where p.pronamespace = 'jobs'::regnamespace and p.proowner <> 'jobs_owner'::regrole
        union all
        select format('type %s', t.oid::regtype) from pg_type t
        left join pg_class c on c.oid = t.typrelid
        where t.typnamespace = 'jobs'::regnamespace and t.typowner <> 'jobs_owner'::regrole
          and (t.typtype = 'e' or c.relkind = 'c')
      loop
        execute format('alter %s owner to jobs_owner', _object.name);
      end loop;
    exception when insufficient_privilege then
      raise notice 'txjobs: % may not give objects to jobs_owner; it stays the owner', current_user;
    end;
  end if;
end $grants$;
