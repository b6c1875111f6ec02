//! Statements on jobs. Lease times are read from the database's clock, in milliseconds.

use crate::statement::statements;

statements! {
    /// Walks from one pair of business and priority that has waiting jobs to the next, over the index, and answers
    /// those with a due job: its cost grows with the number of businesses, not with the backlog. (Written as `exists`,
    /// the last look may become a join with all that is due; without its order, a walk through the table until one is met.)
    DUE: across_tenants = "with recursive walk (business_id, priority) as (
            select
                (select business_id from jobs where kind = $1 and state = 'waiting' and business_id >= $2
                    order by business_id, priority limit 1),
                (select priority from jobs where kind = $1 and state = 'waiting' and business_id >= $2
                    order by business_id, priority limit 1)
            union all
            select
                (select next.business_id from jobs next where next.kind = $1 and next.state = 'waiting'
                    and (next.business_id, next.priority) > (walk.business_id, walk.priority)
                    order by next.business_id, next.priority limit 1),
                (select next.priority from jobs next where next.kind = $1 and next.state = 'waiting'
                    and (next.business_id, next.priority) > (walk.business_id, walk.priority)
                    order by next.business_id, next.priority limit 1)
            from walk where walk.business_id is not null
        )
        select business_id, priority from walk
        where business_id is not null and 1 = (
            select 1 from jobs due where due.kind = $1 and due.state = 'waiting'
                and due.business_id = walk.business_id and due.priority = walk.priority and due.run_at <= $3
            order by due.run_at limit 1)
        limit $4";

    /// The jobs of one share, for SQLite: looked for on a reading connection, so that the writer only takes them.
    PICK = "select id from jobs where kind = $1 and state = 'waiting' and business_id = $2 and priority = $3
            and run_at <= $4
        order by run_at, id limit $5";

    /// SQLite: those that were picked and still wait. Postgres: all shares at once. (How many they are it cannot know
    /// beforehand: joined with `picked`, the whole table is read for fear of many; an array is looked up by its ids.)
    TAKE: across_tenants = {
        sqlite: "update jobs set state = 'running', attempts = attempts + 1, fence = fence + 1, worker = $2,
                lease_until = cast(unixepoch('now', 'subsec') * 1000 as integer) + $3, started_at = $4
            where state = 'waiting' and kind = $1 and id in (select unhex(value) from json_each($5))
            returning id, business_id, payload, attempts, fence, trace",
        postgres: "with picked as materialized (
                select job.id from unnest($5::uuid[], $6::bigint[], $7::bigint[]) as share (business_id, priority, jobs)
                cross join lateral (
                    select id from jobs where kind = $1 and state = 'waiting' and business_id = share.business_id
                        and priority = share.priority and run_at <= $4
                    order by run_at, id limit share.jobs for update skip locked) as job)
            update jobs set state = 'running', attempts = attempts + 1, fence = fence + 1, worker = $2,
                lease_until = (extract(epoch from clock_timestamp()) * 1000)::bigint + $3, started_at = $4
            where id = any (array(select id from picked))
            returning id, business_id, payload, attempts, fence, trace",
    };

    RENEW: across_tenants = {
        sqlite: "update jobs set lease_until = cast(unixepoch('now', 'subsec') * 1000 as integer) + $2
            from (select unhex(value ->> 0) as id, value ->> 1 as fence from json_each($3)) as held
            where jobs.worker = $1 and jobs.id = held.id and jobs.fence = held.fence and jobs.state = 'running'
            returning jobs.id, jobs.fence",
        postgres: "update jobs set lease_until = (extract(epoch from clock_timestamp()) * 1000)::bigint + $2
            from unnest($3::uuid[], $4::bigint[]) as held (id, fence)
            where jobs.worker = $1 and jobs.id = held.id and jobs.fence = held.fence and jobs.state = 'running'
            returning jobs.id, jobs.fence",
    };

    /// Done or dead. (A job that runs has a worker. Asked for its state, Postgres may walk the index of all that runs, and
    /// of all that ran since the last vacuum, rather than look the ids up.)
    FINISH: across_tenants = {
        sqlite: "update jobs set state = ended.state, last_error = coalesce(ended.code, jobs.last_error),
                finished_at = $2, worker = null, lease_until = null
            from (select unhex(value ->> 0) as id, value ->> 1 as fence, value ->> 2 as state, value ->> 3 as code
                from json_each($1)) as ended
            where jobs.id = ended.id and jobs.fence = ended.fence and jobs.state = 'running'",
        postgres: "update jobs set state = ended.state, last_error = coalesce(ended.code, jobs.last_error),
                finished_at = $5, worker = null, lease_until = null
            from unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[]) as ended (id, fence, state, code)
            where jobs.id = ended.id and jobs.fence = ended.fence and jobs.worker is not null",
    };

    /// Waiting again; done instead when another waiting job, or an earlier one of this batch, has the same key.
    RETRY: across_tenants = {
        sqlite: "update jobs set
                state = case when $7 then 'done' else 'waiting' end, run_at = $3, last_error = $4,
                attempts = attempts - $5, finished_at = case when $7 then $6 end, worker = null, lease_until = null
            where id = $1 and fence = $2 and state = 'running'",
        postgres: "update jobs set
                state = case when again.is_needless then 'done' else 'waiting' end, run_at = again.run_at,
                last_error = again.code, attempts = jobs.attempts - again.uncounted,
                finished_at = case when again.is_needless then $6::bigint end, worker = null, lease_until = null
            from (
                select given.*, held.unique_key is not null and (
                        row_number() over (partition by held.unique_key order by held.id) > 1
                        or exists (select 1 from jobs twin where twin.unique_key = held.unique_key
                            and twin.state = 'waiting')) as is_needless
                from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::bigint[])
                    as given (id, fence, run_at, code, uncounted)
                join jobs held on held.id = given.id and held.fence = given.fence and held.worker is not null
            ) as again
            where jobs.id = again.id and jobs.fence = again.fence and jobs.worker is not null",
    };

    /// Whether another waiting job has the same key as this one.
    HAS_TWIN: across_tenants = "select twin.fence from jobs job join jobs twin on twin.unique_key = job.unique_key
        where job.id = $1 and twin.state = 'waiting' and twin.id <> job.id";

    /// Claims that were not renewed in time.
    LAPSED: across_tenants = {
        sqlite: "select id, queue, attempts, fence from jobs
            where state = 'running' and lease_until < cast(unixepoch('now', 'subsec') * 1000 as integer)
            order by lease_until limit $1",
        postgres: "select id, queue, attempts, fence from jobs
            where state = 'running' and lease_until < (extract(epoch from clock_timestamp()) * 1000)::bigint
            order by lease_until limit $1 for update skip locked",
    };

    HAS_LAPSED: across_tenants = {
        sqlite: "select 1 from jobs
            where state = 'running' and lease_until < cast(unixepoch('now', 'subsec') * 1000 as integer) limit 1",
        postgres: "select 1::bigint from jobs
            where state = 'running' and lease_until < (extract(epoch from clock_timestamp()) * 1000)::bigint limit 1",
    };

    /// What a worker holds. The bound on the lease lets the index of running jobs serve.
    HELD_BY: across_tenants = "select id, fence from jobs
        where state = 'running' and lease_until > 0 and worker = $1";

    /// The last tick of a regular job. One that lies further ahead than the next was written by a clock that was ahead.
    TICK: across_tenants = "insert into ticks (kind, at) values ($1, $2)
        on conflict (kind) do update set at = excluded.at
            where ticks.at < excluded.at or ticks.at > excluded.at + $3";

    /// Depths, by kind: each part reads an index of its state alone.
    COUNT: across_tenants = "select kind, state, count(*), min(run_at) from jobs
            where state = 'waiting' group by kind, state
        union all
        select kind, state, count(*), min(run_at) from jobs
            where state = 'running' and lease_until > 0 group by kind, state
        union all
        select kind, state, count(*), min(run_at) from jobs
            where state = 'dead' and finished_at > 0 group by kind, state";

    /// Dead letters, newest first, before the pair of instant and id; what is null asks for nothing.
    DEAD: across_tenants = "select id, queue, kind, business_id, payload, attempts, last_error, created_at, finished_at
        from jobs where state = 'dead' and finished_at is not null and (finished_at, id) < ($1, $2)
            and (queue = $3 or $3 is null) and (kind = $5 or $5 is null) and (business_id = $6 or $6 is null)
            and (last_error = $7 or $7 is null) and finished_at >= $8
        order by finished_at desc, id desc limit $4";

    /// A dead letter lives again, with all its attempts.
    REVIVE: across_tenants = "update jobs set state = 'waiting', attempts = 0, run_at = $2, finished_at = null
        where id = $1 and state = 'dead'
          and not exists (select 1 from jobs twin where twin.unique_key = jobs.unique_key and twin.state = 'waiting')
        returning queue";

    /// A dead letter whose work a waiting job will do.
    BURY: across_tenants = "update jobs set state = 'done', finished_at = $2 where id = $1 and state = 'dead'";

    PRUNE: across_tenants = "delete from jobs where id in (
        select id from jobs where state = $1 and finished_at < $2 limit $3)";
}
