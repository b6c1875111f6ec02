-- What a lost process held, and a way to its leases that does not lead past those of the living.

-- Sessions that a process held when it was found lost: what the others share.
alter table shards add column left_behind bigint not null default 0;
-- Also in the order of sessions, so that "is there one at all" is looked up and never guessed to be quicker by a walk.
create index session_leases_held on session_leases (incarnation, session_id);
drop index session_leases_holder;
