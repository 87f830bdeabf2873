-- What holds for the whole installation: one row, changed by its owner with plain SQL.
create table jobs.setting (
  only_row boolean not null default true,
  max_args_bytes int not null default 1048576,     -- as stored (pg_column_size)
  max_result_bytes int not null default 1048576,
  max_event_bytes int not null default 1048576,
  max_headers_bytes int not null default 8192,
  max_error_bytes int not null default 8192,       -- longer errors are truncated, never refused
  max_kept_jobs int not null default 10000,        -- that prune moves out of old partitions at once
  test_clock boolean not null default false,       -- may a session set its own clock?
  strict_kinds boolean not null default false,     -- are jobs of unknown kinds refused?
  constraint setting_has_one_row primary key (only_row),
  constraint only_row_is_true check (only_row),
  constraint caps_leave_room check (
    least(max_args_bytes, max_result_bytes, max_event_bytes, max_headers_bytes, max_error_bytes)
      >= 2000)
);
insert into jobs.setting default values;
