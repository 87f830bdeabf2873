-- From where on partitions of job or event may be compacted: above those of the extension, and
-- above the rows in the overflow that lie below upto_pos.
create or replace function jobs._lowest(parent text, upto_pos bigint)
returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return greatest(
    (select coalesce(max(p.high), 0) from jobs._partitions() as p
    where p.parent = _lowest.parent and p.fixed),
    case parent
      when 'job' then (
        select coalesce(max(j.id) + 1, 0) from jobs.job_overflow j where j.id < upto_pos)
      else (
        select coalesce(max(e.pos) + 1, 0) from jobs.event_overflow e where e.pos < upto_pos) end);
end $$;
