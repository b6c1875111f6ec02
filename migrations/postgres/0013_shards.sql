-- What shards tell of themselves, to whom a session is handed over, and how far moves and drains have come.

-- Since when it takes sessions: its registration, or the end of its last drain.
alter table shards add column live_since bigint not null default 0;
alter table shards add column renewed_at bigint not null default 0;
-- Of the time between its last two renewals: thousandths of a processor, and of a message a second.
alter table shards add column cpu_milli bigint not null default 0;
alter table shards add column rss_bytes bigint not null default 0;
alter table shards add column messages_milli bigint not null default 0;

-- The process that is to take the session from its holder, or alone may take it once that one let go.
alter table session_leases add column heir uuid;
-- When it last changed hands.
alter table session_leases add column taken_at bigint not null default 0;
create index session_leases_heir on session_leases (heir);
create index session_leases_business on session_leases (business_id);

-- Shards that are to be empty, whichever process has the number.
create table shard_drains (
    number bigint not null primary key,
    -- Sessions that it had to give away.
    total bigint not null,
    started_at bigint not null
);
grant select, insert, update, delete on shard_drains to sy_platform;

-- The last move of a business that somebody asked for.
create table business_moves (
    business_id uuid not null primary key,
    number bigint not null,
    -- The process that takes its sessions.
    incarnation uuid not null,
    -- moving, done or failed.
    state text not null,
    moved bigint not null,
    total bigint not null,
    started_at bigint not null
);
create index business_moves_taker on business_moves (incarnation);
alter table business_moves enable row level security;
alter table business_moves force row level security;
create policy own_business on business_moves to sy_api
    using (business_id = (select nullif(current_setting('sy.business', true), '')::uuid))
    with check (business_id = (select nullif(current_setting('sy.business', true), '')::uuid));
create policy every_business on business_moves to sy_platform using (true) with check (true);
grant select, insert, update, delete on business_moves to sy_platform;
