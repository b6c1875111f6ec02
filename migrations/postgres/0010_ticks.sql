-- The last tick of each regular job, so that many processes push it once.

create table ticks (
    kind text primary key,
    at bigint not null
);
