//! Statements on queues, their minutes and their workers. They belong to the platform, not to a business.

use crate::statement::statements;

statements! {
    PAUSE = "insert into queues (name, paused_at, done, failed, dead) values ($1, $2, 0, 0, 0)
        on conflict (name) do update set paused_at = excluded.paused_at where queues.paused_at is null
        returning name";

    RESUME = "update queues set paused_at = null where name = $1 and paused_at is not null";

    /// At most one row per queue.
    PAUSED = "select name from queues where paused_at is not null";

    STANDING = "select name, paused_at, done, failed, dead from queues";

    COUNT_ENDED = "insert into queues (name, done, failed, dead) values ($1, $2, $3, $4)
        on conflict (name) do update set done = queues.done + excluded.done,
            failed = queues.failed + excluded.failed, dead = queues.dead + excluded.dead";

    COUNT_ENDED_IN_MINUTE = "insert into queue_minutes (queue, minute, done, failed, dead) values ($1, $2, $3, $4, $5)
        on conflict (queue, minute) do update set done = queue_minutes.done + excluded.done,
            failed = queue_minutes.failed + excluded.failed, dead = queue_minutes.dead + excluded.dead";

    NOTE_DEPTH = "insert into queue_minutes (queue, minute, done, failed, dead, depth, oldest_ms)
        values ($1, $2, 0, 0, 0, $3, $4)
        on conflict (queue, minute) do update set depth = excluded.depth, oldest_ms = excluded.oldest_ms";

    MINUTES = "select queue, minute, done, failed, dead, depth, oldest_ms from queue_minutes
        where queue = $1 and minute >= $2 order by minute";

    /// Of every queue, for rates: some minutes of nine queues.
    LATEST = "select queue, minute, done, failed, dead, depth, oldest_ms from queue_minutes
        where minute >= $1 order by minute";

    SEEN = {
        sqlite: "insert into workers (id, serves, seen_at)
                values ($1, $2, cast(unixepoch('now', 'subsec') * 1000 as integer))
            on conflict (id) do update set seen_at = excluded.seen_at",
        postgres: "insert into workers (id, serves, seen_at)
                values ($1, $2, (extract(epoch from clock_timestamp()) * 1000)::bigint)
            on conflict (id) do update set seen_at = excluded.seen_at",
    };

    /// Who serves which groups, and how long ago each was seen.
    WORKERS = {
        sqlite: "select id, serves, cast(unixepoch('now', 'subsec') * 1000 as integer) - seen_at as age_ms
            from workers where seen_at > $1",
        postgres: "select id, serves, (extract(epoch from clock_timestamp()) * 1000)::bigint - seen_at as age_ms
            from workers where seen_at > $1",
    };

    PRUNE_MINUTES = "delete from queue_minutes where (queue, minute) in (
        select queue, minute from queue_minutes where minute < $1 order by minute limit $2)";

    PRUNE_WORKERS = "delete from workers where id in (
        select id from workers where seen_at < $1 order by seen_at limit $2)";
}
