-- Queues as operators see them: whether they are paused, what has ended in them, and the processes that serve them.

create table queues (
    name text not null primary key,
    -- Since when nobody claims from it.
    paused_at integer,
    -- Attempts that ended since the beginning: jobs done, attempts that failed and come again, jobs that died.
    done integer not null,
    failed integer not null,
    dead integer not null
) strict;

-- The same by the minute, with the depth as it was counted last in it.
create table queue_minutes (
    queue text not null,
    -- The instant at which it began.
    minute integer not null,
    done integer not null,
    failed integer not null,
    dead integer not null,
    depth integer,
    oldest_ms integer,
    primary key (queue, minute)
) strict;
create index queue_minutes_age on queue_minutes (minute);

create table workers (
    id text not null primary key,
    -- The names of the groups that it serves, separated by commas.
    serves text not null,
    -- By the database's clock.
    seen_at integer not null
) strict;
create index workers_seen on workers (seen_at);
