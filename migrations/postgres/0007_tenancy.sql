-- Tenancy: invitations, limits of businesses, and the audit log.

alter table businesses add column max_sessions bigint;
alter table businesses add column messages_per_day bigint;

-- Messages accepted on one day (the milliseconds of its midnight in UTC), for businesses with a limit.
create table message_counts (
    business_id uuid not null primary key,
    day bigint not null,
    messages bigint not null
);

create table invitations (
    id uuid not null primary key,
    business_id uuid not null references businesses (id),
    -- Lower case.
    email text not null,
    role text not null,
    -- SHA-256 of the token.
    token_hash bytea not null,
    invited_by uuid,
    created_at bigint not null,
    expires_at bigint not null,
    accepted_at bigint,
    revoked_at bigint
);
create unique index invitations_token on invitations (token_hash);
create index invitations_business on invitations (business_id, id);

-- Entries are only ever added. Each holds the hash of itself and the one before it.
create table audit (
    business_id uuid not null,
    seq bigint not null,
    id uuid not null,
    at bigint not null,
    -- user, operator, api_key or system.
    actor_kind text not null,
    actor_id uuid,
    address text,
    request_id text,
    action text not null,
    -- The shown id of what it was done to.
    target text not null,
    -- JSON: before and after.
    detail text not null,
    hash bytea not null,
    primary key (business_id, seq)
);
create unique index audit_id on audit (id);

create table audit_heads (
    business_id uuid not null primary key,
    seq bigint not null,
    hash bytea not null
);
