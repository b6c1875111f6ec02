-- The vault: what a session needs to be itself, sealed; and the keys that seal it, wrapped.

create table data_keys (
    business_id blob not null,
    key_id integer not null,
    wrapped blob not null,
    created_at integer not null,
    primary key (business_id, key_id)
) strict;

create table vault (
    session_id blob not null,
    space text not null,
    key blob not null,
    sub blob not null,
    n integer,
    expires_at integer,
    sealed blob not null,
    primary key (session_id, space, key, sub)
) strict;
create index vault_sub on vault (session_id, space, sub);
create index vault_expiry on vault (expires_at) where expires_at is not null;

create table lid_map (
    session_id blob not null,
    lid text not null,
    phone text not null,
    source text not null,
    created_at integer not null,
    updated_at integer not null,
    primary key (session_id, lid)
) strict;
create index lid_map_phone on lid_map (session_id, phone);
