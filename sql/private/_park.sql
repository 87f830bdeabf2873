-- These jobs, taken out of ready, are blocked until their key lets them go (_release_line).
--   gate  `o` ordering_key, `c` concurrency_key
-- Writes: event, scheduled, line.
create or replace function jobs._park(block jobs.ready, gate "char", key text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if block.ids = '{}' then
    return;
  end if;
  perform jobs._log('blocked', block.queue_id, block.attempt, block.ids, null, array_fill(
    jsonb_build_object('blocked',
      case gate when 'o' then 'ordering_key' else 'concurrency_key' end),
    array[cardinality(block.ids)]));
  perform jobs._put(block, 'infinity');
  insert into jobs.line (queue_id, gate, key, rank, id, state)
  select block.queue_id, _park.gate, _park.key,
    case gate when 'o' then (select l.rank from jobs.line l where l.id = u.id and l.gate = 'o')
      else jobs._rank(block.priority, u.id) end,
    u.id, 'b'
  from unnest(block.ids) as u(id)
  on conflict on constraint line_pk do update set state = 'b';
end $$;
