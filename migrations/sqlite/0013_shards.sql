-- What shards tell of themselves, to whom a session is handed over, and how far moves and drains have come.

-- Since when it takes sessions: its registration, or the end of its last drain.
alter table shards add column live_since integer not null default 0;
alter table shards add column renewed_at integer not null default 0;
-- Of the time between its last two renewals: thousandths of a processor, and of a message a second.
alter table shards add column cpu_milli integer not null default 0;
alter table shards add column rss_bytes integer not null default 0;
alter table shards add column messages_milli integer not null default 0;

-- The process that is to take the session from its holder, or alone may take it once that one let go.
alter table session_leases add column heir blob;
-- When it last changed hands.
alter table session_leases add column taken_at integer not null default 0;
create index session_leases_heir on session_leases (heir);
create index session_leases_business on session_leases (business_id);

-- Shards that are to be empty, whichever process has the number.
create table shard_drains (
    number integer not null primary key,
    -- Sessions that it had to give away.
    total integer not null,
    started_at integer not null
) strict;

-- The last move of a business that somebody asked for.
create table business_moves (
    business_id blob not null primary key,
    number integer not null,
    -- The process that takes its sessions.
    incarnation blob not null,
    -- moving, done or failed.
    state text not null,
    moved integer not null,
    total integer not null,
    started_at integer not null
) strict;
create index business_moves_taker on business_moves (incarnation);
