-- Events: durable facts in the order of their commits, numbered without gaps per business.

create table event_heads (
    business_id blob not null primary key,
    -- The number of the newest event.
    seq integer not null
) strict;

create table events (
    business_id blob not null,
    seq integer not null,
    id blob not null,
    session_id blob,
    kind text not null,
    at integer not null,
    -- JSON.
    data text not null,
    primary key (business_id, seq)
) strict;
create index events_age on events (at);
