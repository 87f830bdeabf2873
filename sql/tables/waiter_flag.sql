-- A sequence that says "somebody waits for the end of a job": 2, anything else is nobody. As the
-- idle flags: neither transactional nor locked, and no row is written for it.
create sequence jobs.waiter_flag as smallint minvalue 1 maxvalue 2;
