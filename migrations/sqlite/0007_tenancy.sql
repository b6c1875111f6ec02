-- Tenancy: invitations, limits of businesses, and the audit log.

alter table businesses add column max_sessions integer;
alter table businesses add column messages_per_day integer;

-- Messages accepted on one day (the milliseconds of its midnight in UTC), for businesses with a limit.
create table message_counts (
    business_id blob not null primary key,
    day integer not null,
    messages integer not null
) strict;

create table invitations (
    id blob not null primary key,
    business_id blob not null references businesses (id),
    -- Lower case.
    email text not null,
    role text not null,
    -- SHA-256 of the token.
    token_hash blob not null,
    invited_by blob,
    created_at integer not null,
    expires_at integer not null,
    accepted_at integer,
    revoked_at integer
) strict;
create unique index invitations_token on invitations (token_hash);
create index invitations_business on invitations (business_id, id);

-- Entries are only ever added. Each holds the hash of itself and the one before it.
create table audit (
    business_id blob not null,
    seq integer not null,
    id blob not null,
    at integer not null,
    -- user, operator, api_key or system.
    actor_kind text not null,
    actor_id blob,
    address text,
    request_id text,
    action text not null,
    -- The shown id of what it was done to.
    target text not null,
    -- JSON: before and after.
    detail text not null,
    hash blob not null,
    primary key (business_id, seq)
) strict;
create unique index audit_id on audit (id);

create table audit_heads (
    business_id blob not null primary key,
    seq integer not null,
    hash blob not null
) strict;
