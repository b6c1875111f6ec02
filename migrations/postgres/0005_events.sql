-- Events: durable facts in the order of their commits, numbered without gaps per business.

create table event_heads (
    business_id uuid not null primary key,
    -- The number of the newest event.
    seq bigint not null
);

create table events (
    business_id uuid not null,
    seq bigint not null,
    id uuid not null,
    session_id uuid,
    kind text not null,
    at bigint not null,
    -- JSON.
    data text not null,
    primary key (business_id, seq)
);
create index events_age on events (at);
