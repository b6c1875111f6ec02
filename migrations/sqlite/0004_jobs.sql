-- Background jobs, beside the data that they belong to.

create table jobs (
    id blob not null primary key,
    queue text not null,
    -- The nil UUID for work of the platform itself.
    business_id blob not null,
    kind text not null,
    -- JSON; ids, never text of messages.
    payload text not null,
    -- waiting, running, done, dead or cancelled.
    state text not null,
    -- Lower goes first.
    priority integer not null,
    run_at integer not null,
    -- Raised at the claim.
    attempts integer not null,
    -- Grows with every claim; who finishes must name it.
    fence integer not null,
    unique_key text,
    worker text,
    lease_until integer,
    last_error text,
    created_at integer not null,
    started_at integer,
    finished_at integer
) strict;
create unique index jobs_unique on jobs (unique_key) where state = 'waiting';
-- Claims walk from business to business over it; a kind waits in one queue.
create index jobs_due on jobs (kind, business_id, priority, run_at, id) where state = 'waiting';
create index jobs_running on jobs (lease_until) where state = 'running';
create index jobs_finished on jobs (state, finished_at, id) where finished_at is not null;
