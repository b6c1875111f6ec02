//! Statements on shards.

use crate::statement::statements;

/// See [`ROOM`].
macro_rules! room {
    ($now:literal) => {
        concat!(
            "select cast(1 as bigint) from (
                select coalesce(sum(case when free > 0 then free else 0 end), 0) as free from (
                    select s.capacity - (select count(*) from session_leases l where l.incarnation = s.incarnation)
                            - (select count(*) from session_leases l where l.heir = s.incarnation) as free
                        from shards s where s.state = 'live' and s.lease_until >= ",
            $now,
            ") as each_of_them) as together
                where free > (select count(*) from session_leases l
                    join sessions w on w.id = l.session_id and w.business_id = l.business_id
                    where l.incarnation is null and l.session_id <> $1 and w.deleted_at is null
                        and w.wanted in ('connected', 'restarted'))"
        )
    };
}

statements! {
    /// Of each number the process that is not lost first, then the latest. There are as many as were lost lately.
    LIST: across_tenants = {
        sqlite: "select s.incarnation, s.number, s.url, s.state, s.capacity, s.cpu_milli, s.rss_bytes, s.messages_milli,
                s.lease_until - cast(unixepoch('now', 'subsec') * 1000 as integer) as \"left\",
                cast(unixepoch('now', 'subsec') * 1000 as integer) - s.renewed_at as age,
                (select count(*) from session_leases l where l.incarnation = s.incarnation) as sessions
            from shards s order by s.number, s.state = 'lost', s.registered_at desc",
        postgres: "select s.incarnation, s.number, s.url, s.state, s.capacity, s.cpu_milli, s.rss_bytes, s.messages_milli,
                s.lease_until - (extract(epoch from clock_timestamp()) * 1000)::bigint as \"left\",
                (extract(epoch from clock_timestamp()) * 1000)::bigint - s.renewed_at as age,
                (select count(*) from session_leases l where l.incarnation = s.incarnation) as sessions
            from shards s order by s.number, s.state = 'lost', s.registered_at desc",
    };

    /// Where a business belongs, as far as it is written down.
    ROUTE = "select shard_override, shard from businesses where id = $1";

    /// The live process with that number, if it takes sessions, and how much room it has.
    TAKER: across_tenants = {
        sqlite: "select s.incarnation, s.capacity
                - (select count(*) from session_leases l where l.incarnation = s.incarnation)
                - (select count(*) from session_leases l where l.heir = s.incarnation)
            from shards s where s.number = $1 and s.state = 'live' and s.lease_until >= cast(unixepoch('now', 'subsec') * 1000 as integer)",
        postgres: "select s.incarnation, s.capacity
                - (select count(*) from session_leases l where l.incarnation = s.incarnation)
                - (select count(*) from session_leases l where l.heir = s.incarnation)
            from shards s where s.number = $1 and s.state = 'live' and s.lease_until >= (extract(epoch from clock_timestamp()) * 1000)::bigint",
    };

    /// What has to go to `$2`: what a live other holds or is to have.
    LOCK_TO_GO = {
        sqlite: "select l.session_id from session_leases l
            where l.business_id = $1 and l.incarnation is not $2
                and exists (select 1 from shards h where h.incarnation in (l.incarnation, l.heir) and h.state <> 'lost')
            order by l.session_id",
        postgres: "select l.session_id from session_leases l
            where l.business_id = $1 and l.incarnation is distinct from $2
                and exists (select 1 from shards h where h.incarnation in (l.incarnation, l.heir) and h.state <> 'lost')
            order by l.session_id for update of l",
    };

    /// The same goes there; what `$2` has stays.
    GO = "update session_leases set heir = case when incarnation = $2 then null else $2 end
        where business_id = $1 and exists (select 1 from shards h
            where h.incarnation in (session_leases.incarnation, session_leases.heir) and h.state <> 'lost')";

    CHOOSE = "update businesses set shard_override = $2 where id = $1";

    PUT_MOVE = "insert into business_moves (business_id, number, incarnation, state, moved, total, started_at)
        values ($1, $2, $3, $4, 0, $5, $6)
        on conflict (business_id) do update set number = excluded.number, incarnation = excluded.incarnation,
            state = excluded.state, moved = 0, total = excluded.total, started_at = excluded.started_at";

    GET_MOVE = "select m.number, m.state, m.moved, m.total,
            exists (select 1 from shards h where h.incarnation = m.incarnation and h.state <> 'lost')
        from business_moves m where m.business_id = $1";

    /// The process with a number. Its row is locked before any lease of it is: whoever ends locks them in that order too.
    NUMBER = {
        sqlite: "select incarnation from shards where number = $1 and state <> 'lost'",
        postgres: "select incarnation from shards where number = $1 and state <> 'lost' for no key update",
    };

    /// A live shard with another number that takes sessions.
    ANOTHER = {
        sqlite: "select number from shards where number <> $1 and state = 'live' and lease_until >= cast(unixepoch('now', 'subsec') * 1000 as integer) limit 1",
        postgres: "select number from shards where number <> $1 and state = 'live' and lease_until >= (extract(epoch from clock_timestamp()) * 1000)::bigint limit 1",
    };

    /// Whether a shard takes the first connection of `$1`: the live ones have more room together than is already asked
    /// for by sessions that nobody holds yet.
    ROOM: across_tenants = (
        room!("cast(unixepoch('now', 'subsec') * 1000 as integer)");
        room!("(extract(epoch from clock_timestamp()) * 1000)::bigint")
    );

    BEGIN_DRAIN: across_tenants = "insert into shard_drains (number, total, started_at)
        values ($1, (select count(*) from session_leases where incarnation = $2), $3) on conflict (number) do nothing";

    DRAINING = "update shards set state = 'draining' where incarnation = $1 and state = 'live'";

    END_DRAIN = "delete from shard_drains where number = $1";

    LIVE_AGAIN = {
        sqlite: "update shards set state = 'live', live_since = cast(unixepoch('now', 'subsec') * 1000 as integer) where incarnation = $1 and state = 'draining'",
        postgres: "update shards set state = 'live', live_since = (extract(epoch from clock_timestamp()) * 1000)::bigint where incarnation = $1 and state = 'draining'",
    };

    /// What has not been let go stays, but for what somebody moved.
    STAY: across_tenants = "update session_leases set heir = null
        where incarnation = $1 and heir is not null and not exists (select 1 from business_moves m
            where m.business_id = session_leases.business_id and m.incarnation = session_leases.heir
                and m.state = 'moving')";

    DRAIN_PROGRESS: across_tenants = "select d.total,
            (select count(*) from session_leases l join shards s on s.incarnation = l.incarnation
                where s.number = d.number and s.state <> 'lost'),
            d.started_at
        from shard_drains d where d.number = $1";

    /// Sessions of each business that a shard holds and nobody is to have yet.
    NOT_GIVEN: across_tenants = "select l.business_id, count(*)
        from shards s join session_leases l on l.incarnation = s.incarnation
        where s.number = $1 and s.state <> 'lost'
            and not exists (select 1 from shards h where h.incarnation = l.heir and h.state <> 'lost')
        group by l.business_id order by l.business_id";

    HELD_BUSINESSES: across_tenants = "select distinct business_id from session_leases where incarnation = $1";
}
