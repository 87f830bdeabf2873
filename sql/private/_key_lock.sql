-- The advisory lock (class 29818) of a key in a queue: who claims one of its jobs holds it alone,
-- and only tries to get it; who ends one shares it, and waits for claims.
create or replace function jobs._key_lock(queue_id int, gate "char", key text)
returns int
language sql immutable
return hashtext(queue_id::text || gate::text || key);
