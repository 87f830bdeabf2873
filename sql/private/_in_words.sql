-- A length of time for people, in two units at most: 12 s, 5 min 3 s, 2 h, 3 d 4 h. The
-- session's settings do not matter, as they would for an interval as text.
create or replace function jobs._in_words(length interval)
returns text
language plpgsql immutable strict
set search_path = pg_catalog, pg_temp
as $$
declare
  _s numeric := round(abs(extract(epoch from length)));
begin
  return case when length < interval '0' and _s > 0 then '-' else '' end || case
    when _s < 60 then format('%s s', _s)
    when _s < 3600 then format('%s min', div(_s, 60))
      || case when mod(_s, 60) > 0 then format(' %s s', mod(_s, 60)) else '' end
    when _s < 86400 then format('%s h', div(_s, 3600))
      || case when mod(_s, 3600) >= 60 then format(' %s min', div(mod(_s, 3600), 60)) else '' end
    else format('%s d', div(_s, 86400))
      || case when mod(_s, 86400) >= 3600 then format(' %s h', div(mod(_s, 86400), 3600))
        else '' end
    end;
end $$;
