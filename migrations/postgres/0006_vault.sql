-- The vault: what a session needs to be itself, sealed; and the keys that seal it, wrapped.

create table data_keys (
    business_id uuid not null,
    key_id bigint not null,
    wrapped bytea not null,
    created_at bigint not null,
    primary key (business_id, key_id)
);

create table vault (
    session_id uuid not null,
    space text not null,
    key bytea not null,
    sub bytea not null,
    n bigint,
    expires_at bigint,
    sealed bytea not null,
    primary key (session_id, space, key, sub)
);
create index vault_sub on vault (session_id, space, sub);
create index vault_expiry on vault (expires_at) where expires_at is not null;

create table lid_map (
    session_id uuid not null,
    lid text not null,
    phone text not null,
    source text not null,
    created_at bigint not null,
    updated_at bigint not null,
    primary key (session_id, lid)
);
create index lid_map_phone on lid_map (session_id, phone);
