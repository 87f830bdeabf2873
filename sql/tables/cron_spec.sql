-- A parsed cron expression: per field the set of its values as bits.
create type jobs.cron_spec as (
  seconds bigint,
  minutes bigint,
  hours bigint,
  days bigint,             -- bits 1 to 31
  last_day boolean,        -- L: the month's last day as well
  last_workday boolean,    -- LW: its last day from Monday to Friday as well
  months bigint,           -- bits 1 to 12
  weekdays bigint,         -- bits 0 (Sunday) to 6
  nth_weekdays bigint,     -- bit 6 * weekday + n: its nth of the month, n = 0 its last
  both_days boolean,       -- a day must fit days and weekdays, else one of them
  fixed boolean            -- at certain times of day: follows the clock on the wall
);
