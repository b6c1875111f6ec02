-- Sessions, who holds them, and attempts to link them to a phone.

create table shards (
    incarnation uuid not null primary key,
    number bigint not null,
    url text not null,
    capacity bigint not null,
    -- live, draining or lost; a lost one never comes back.
    state text not null,
    lease_until bigint not null,
    registered_at bigint not null
);
create unique index shards_number on shards (number) where state <> 'lost';

create table sessions (
    id uuid not null primary key,
    business_id uuid not null,
    name text not null,
    -- Digits.
    phone text,
    lid text,
    state text not null,
    reason text,
    since bigint not null,
    until bigint,
    wanted text not null,
    wanted_at bigint not null,
    paired boolean not null,
    phone_seen_at bigint,
    created_at bigint not null,
    -- The row of a deleted session stays: its messages name its number.
    deleted_at bigint
);
create index sessions_business on sessions (business_id, id);
create index sessions_wanted on sessions (wanted_at);

create table session_leases (
    session_id uuid not null primary key,
    business_id uuid not null,
    -- Empty: nobody holds it.
    incarnation uuid,
    -- Grows with every new holder.
    epoch bigint not null
);
create index session_leases_holder on session_leases (incarnation);

create table link_attempts (
    session_id uuid not null primary key,
    business_id uuid not null,
    -- Of the holder that links: an attempt of an earlier one is over.
    epoch bigint not null,
    method text not null,
    state text not null,
    -- The present code.
    sealed bytea not null,
    expires_at bigint not null,
    codes_left bigint not null
);
