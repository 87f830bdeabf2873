-- The clock that this session has set; JB006 unless the installation's owner allows it.
-- Reached from jobs.now() only when the session has set one.
create or replace function jobs._test_now()
returns timestamptz
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if not (select s.test_clock from jobs.setting s) then
    raise exception using
      errcode = 'JB006',
      message = 'this session has set its own clock, but the installation does not allow it',
      hint = 'Reset jobs.test_clock, or let the owner set jobs.setting.test_clock to true.';
  end if;
  return current_setting('jobs.test_clock')::timestamptz;
end $$;
