-- This session's jobs.now() stands still at `at`; null gives the real clock back. For tests.
-- SQLSTATE JB006 unless the owner has set jobs.setting.test_clock: a clock that is set forward
-- expires other workers' leases.
create or replace function jobs.set_test_clock(at timestamptz)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform set_config('jobs.test_clock', coalesce(to_char(at at time zone 'UTC',
    'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), ''), false);
  perform jobs.now();
end $$;
