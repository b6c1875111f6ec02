//! Statements on shards and leases. Lease times are read from the database's clock, in milliseconds.

use crate::statement::statements;

statements! {
    /// Before registering: on SQLite every predecessor is dead; on Postgres only a lapsed one is.
    RETIRE = {
        sqlite: "update shards set state = 'lost' where state <> 'lost' and $1 is not null",
        postgres: "update shards set state = 'lost'
            where number = $1 and state <> 'lost'
              and lease_until < (extract(epoch from clock_timestamp()) * 1000)::bigint",
    };

    /// A number that is to be empty stays so, whichever process has it.
    REGISTER = {
        sqlite: "insert into shards
                (incarnation, number, url, capacity, state, lease_until, registered_at, renewed_at, live_since)
            values ($1, $2, $3, $4,
                case when exists (select 1 from shard_drains where number = $2) then 'draining' else 'live' end,
                cast(unixepoch('now', 'subsec') * 1000 as integer) + $5, $6,
                cast(unixepoch('now', 'subsec') * 1000 as integer),
                cast(unixepoch('now', 'subsec') * 1000 as integer))",
        postgres: "insert into shards
                (incarnation, number, url, capacity, state, lease_until, registered_at, renewed_at, live_since)
            select $1::uuid, $2::bigint, $3::text, $4::bigint,
                case when exists (select 1 from shard_drains where number = $2) then 'draining' else 'live' end,
                clock.now + $5, $6::bigint, clock.now, clock.now
            from (select (extract(epoch from clock_timestamp()) * 1000)::bigint as now) as clock",
    };

    RENEW = {
        sqlite: "update shards set lease_until = cast(unixepoch('now', 'subsec') * 1000 as integer) + $2,
                renewed_at = cast(unixepoch('now', 'subsec') * 1000 as integer),
                cpu_milli = $3, rss_bytes = $4, messages_milli = $5
            where incarnation = $1 and state <> 'lost'",
        postgres: "update shards
            set lease_until = (extract(epoch from clock_timestamp()) * 1000)::bigint + $2,
                renewed_at = (extract(epoch from clock_timestamp()) * 1000)::bigint,
                cpu_milli = $3, rss_bytes = $4, messages_milli = $5
            where incarnation = $1 and state <> 'lost'",
    };

    MARK_LOST = {
        sqlite: "update shards set state = 'lost' where state <> 'lost'
              and lease_until < cast(unixepoch('now', 'subsec') * 1000 as integer)",
        postgres: "update shards set state = 'lost' where state <> 'lost'
              and lease_until < (extract(epoch from clock_timestamp()) * 1000)::bigint",
    };

    DEREGISTER = "update shards set state = 'lost' where incarnation = $1";

    IS_LIVE = "select number from shards where incarnation = $1 and state <> 'lost'";

    /// The explicit lock waits for the share locks of batches in flight; a bare update would not.
    LOCK: across_tenants = {
        sqlite: "select session_id, business_id, incarnation from session_leases where session_id = $1",
        postgres: "select session_id, business_id, incarnation from session_leases
            where session_id = $1 for update",
    };

    LOCK_ALL: across_tenants = {
        sqlite: "select session_id, business_id, incarnation from session_leases order by session_id",
        postgres: "select session_id, business_id, incarnation from session_leases
            order by session_id for update",
    };

    LOCK_MINE: across_tenants = {
        sqlite: "select session_id, business_id, incarnation from session_leases
            where incarnation = $1 order by session_id",
        postgres: "select session_id, business_id, incarnation from session_leases
            where incarnation = $1 order by session_id for update",
    };

    TAKE: across_tenants = "update session_leases set incarnation = $2, epoch = epoch + 1
        where session_id = $1 returning epoch";

    RELEASE: across_tenants = "update session_leases set incarnation = null
        where session_id = $1 and incarnation = $2";

    RELEASE_ALL: across_tenants =
        "update session_leases set incarnation = null where incarnation = $1";

    HOLDER: across_tenants = {
        sqlite: "select s.url, s.incarnation, l.epoch
            from session_leases l join shards s on s.incarnation = l.incarnation
            where l.session_id = $1 and s.state <> 'lost'
              and s.lease_until >= cast(unixepoch('now', 'subsec') * 1000 as integer)",
        postgres: "select s.url, s.incarnation, l.epoch
            from session_leases l join shards s on s.incarnation = l.incarnation
            where l.session_id = $1 and s.state <> 'lost'
              and s.lease_until >= (extract(epoch from clock_timestamp()) * 1000)::bigint",
    };
}
