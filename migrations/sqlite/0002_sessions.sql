-- Sessions, who holds them, and attempts to link them to a phone.

create table shards (
    incarnation blob not null primary key,
    number integer not null,
    url text not null,
    capacity integer not null,
    -- live, draining or lost; a lost one never comes back.
    state text not null,
    lease_until integer not null,
    registered_at integer not null
) strict;
create unique index shards_number on shards (number) where state <> 'lost';

create table sessions (
    id blob not null primary key,
    business_id blob not null,
    name text not null,
    -- Digits.
    phone text,
    lid text,
    state text not null,
    reason text,
    since integer not null,
    until integer,
    wanted text not null,
    wanted_at integer not null,
    paired integer not null,
    phone_seen_at integer,
    created_at integer not null,
    -- The row of a deleted session stays: its messages name its number.
    deleted_at integer
) strict;
create index sessions_business on sessions (business_id, id);
create index sessions_wanted on sessions (wanted_at);

create table session_leases (
    session_id blob not null primary key,
    business_id blob not null,
    -- Empty: nobody holds it.
    incarnation blob,
    -- Grows with every new holder.
    epoch integer not null
) strict;
create index session_leases_holder on session_leases (incarnation);

create table link_attempts (
    session_id blob not null primary key,
    business_id blob not null,
    -- Of the holder that links: an attempt of an earlier one is over.
    epoch integer not null,
    method text not null,
    state text not null,
    -- The present code.
    sealed blob not null,
    expires_at integer not null,
    codes_left integer not null
) strict;
