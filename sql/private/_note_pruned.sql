-- Events of the category up to here are gone, or may be: who has yet to read them is told (JB011).
-- Locks and writes: the row of category.
create or replace function jobs._note_pruned(category text, pos bigint)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into jobs.category as c (name, pruned_pos) values (category, pos)
  on conflict on constraint category_pk
  do update set pruned_pos = excluded.pruned_pos where c.pruned_pos < excluded.pruned_pos;
end $$;
