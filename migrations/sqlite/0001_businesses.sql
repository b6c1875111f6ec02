-- Who uses the platform: businesses, the people in them, and their credentials.

create table businesses (
    id blob not null primary key,
    name text not null,
    status text not null,
    -- The pinned shard; empty until the first session connects. The override is set by a move.
    shard integer,
    shard_override integer,
    created_at integer not null
) strict;

create table users (
    id blob not null primary key,
    -- Lower case.
    email text not null unique,
    name text not null,
    -- Argon2id; empty for somebody who signs in by link only.
    password_hash text,
    is_operator integer not null,
    created_at integer not null,
    disabled_at integer
) strict;

create table members (
    business_id blob not null references businesses (id),
    user_id blob not null references users (id),
    role text not null,
    created_at integer not null,
    primary key (business_id, user_id)
) strict;
create index members_user on members (user_id);

create table user_sessions (
    id blob not null primary key,
    user_id blob not null references users (id),
    business_id blob references businesses (id),
    -- SHA-256 of the refresh token that is good now, and of the one before it: seeing that again is theft.
    refresh_hash blob not null,
    previous_hash blob,
    -- SHA-256 of what tells the client that holds it from others.
    client_hash blob not null,
    created_at integer not null,
    refreshed_at integer not null,
    expires_at integer not null,
    revoked_at integer
) strict;
create unique index user_sessions_refresh on user_sessions (refresh_hash);
create index user_sessions_previous on user_sessions (previous_hash);
create index user_sessions_user on user_sessions (user_id);
create index user_sessions_expiry on user_sessions (expires_at);

create table sign_in_links (
    -- SHA-256 of the token.
    token_hash blob not null primary key,
    user_id blob not null references users (id),
    business_id blob references businesses (id),
    created_at integer not null,
    expires_at integer not null,
    used_at integer
) strict;
create index sign_in_links_expiry on sign_in_links (expires_at);

create table api_keys (
    id blob not null primary key,
    business_id blob not null references businesses (id),
    name text not null,
    -- SHA-256 of the secret, and its last characters for people to tell keys apart.
    secret_hash blob not null,
    hint text not null,
    -- A JSON list of scope names.
    scopes text not null,
    per_second integer not null,
    burst integer not null,
    created_by blob,
    created_at integer not null,
    expires_at integer,
    revoked_at integer,
    last_used_at integer
) strict;
create unique index api_keys_secret on api_keys (secret_hash);
create index api_keys_business on api_keys (business_id, id);

create table idempotency_keys (
    business_id blob not null,
    -- The API key or the user that sent it.
    actor blob not null,
    key text not null,
    body_sha256 blob not null,
    message_id blob not null,
    created_at integer not null,
    primary key (business_id, actor, key)
) strict;
create index idempotency_keys_age on idempotency_keys (created_at);

-- Facts about this database as a whole, such as the fingerprint of its master key.
create table meta (
    name text not null primary key,
    value blob not null
) strict;
