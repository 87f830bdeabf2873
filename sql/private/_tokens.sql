-- What is in the bucket now, up to `burst`: `rate` flow into it each second.
create or replace function jobs._tokens(
  scope "char", id int, key text, rate double precision, burst int)
returns double precision
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  _tokens double precision;
begin
  select least(burst, b.tokens + greatest(0, extract(epoch from jobs.now() - b.at)) * rate)
  into _tokens
  from jobs.bucket b
  where (b.scope, b.id, b.key) = (_tokens.scope, _tokens.id, _tokens.key)
  order by b.ver desc limit 1;
  return coalesce(_tokens, burst);
end $$;
