-- Queues as operators see them: whether they are paused, what has ended in them, and the processes that serve them.

create table queues (
    name text not null primary key,
    -- Since when nobody claims from it.
    paused_at bigint,
    -- Attempts that ended since the beginning: jobs done, attempts that failed and come again, jobs that died.
    done bigint not null,
    failed bigint not null,
    dead bigint not null
);

-- The same by the minute, with the depth as it was counted last in it.
create table queue_minutes (
    queue text not null,
    -- The instant at which it began.
    minute bigint not null,
    done bigint not null,
    failed bigint not null,
    dead bigint not null,
    depth bigint,
    oldest_ms bigint,
    primary key (queue, minute)
);
create index queue_minutes_age on queue_minutes (minute);

create table workers (
    id text not null primary key,
    -- The names of the groups that it serves, separated by commas.
    serves text not null,
    -- By the database's clock.
    seen_at bigint not null
);
create index workers_seen on workers (seen_at);

-- Of the platform itself: no wall, and nothing for sy_api.
grant select, insert, update, delete on queues, queue_minutes, workers to sy_platform;
