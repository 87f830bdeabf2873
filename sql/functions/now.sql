-- The installation's clock: clock_timestamp(), or the session's own if it set one (see
-- set_test_clock). Leases, delays and ticks are reckoned by it. SQLSTATE JB006.
create or replace function jobs.now()
returns timestamptz
language sql volatile
return case
  when coalesce(current_setting('jobs.test_clock', true), '') = '' then clock_timestamp()
  else jobs._test_now() end;
