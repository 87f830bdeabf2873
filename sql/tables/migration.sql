-- Which changes of the tables this installation has.
create table jobs.migration (
  number int not null,
  name text not null,
  applied_at timestamptz not null default clock_timestamp(),
  constraint migration_pk primary key (number)
);
