-- How much is used of the numbers that end: positions (a token has 45 bits of them), transaction
-- ids and multixact ids until the server refuses to write.
create or replace function jobs._health_ids(used numeric)
returns jobs.health_check
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  _positions numeric := (select s.last_value from jobs.pos_seq s) / (2 ^ 45)::numeric;
  _xids numeric;
  _multixacts numeric;
  _worst numeric;
begin
  select age(d.datfrozenxid) / (2 ^ 31)::numeric, mxid_age(d.datminmxid) / (2 ^ 31)::numeric
  into _xids, _multixacts
  from pg_database d where d.datname = current_database();
  _worst := greatest(_positions, _xids, _multixacts);
  return jobs._health('ids', jobs._severity_of_share(_worst, used),
    format('used: %s%% of the positions, %s%% of the transaction ids, %s%% of the multixact ids',
      trunc(100 * _positions), trunc(100 * _xids), trunc(100 * _multixacts)),
    'A server that runs out of transaction ids refuses every write until it is vacuumed.',
    'Look at `vacuum` for what holds it back, then vacuum (freeze) the database''s oldest tables.',
    jsonb_build_object('threshold', used, 'positions', round(_positions, 6),
      'transaction_ids', round(_xids, 6), 'multixact_ids', round(_multixacts, 6)));
end $$;
