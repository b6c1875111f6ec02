//! Statements on shards and leases. Lease times are read from the database's clock, in milliseconds.

use crate::statement::statements;

/// Whether a session `s` has something to do: not one that rests and is to rest.
macro_rules! has_work {
    () => {
        "(s.wanted in ('connected', 'restarted', 'deleted')
            or (s.wanted = 'disconnected' and s.state not in ('created', 'logged_out', 'disconnected'))
            or (s.wanted = 'logged_out' and s.state <> 'logged_out'))"
    };
}

/// Whether `$1` may take the lease `l` of a session `s`: not what rests, nor what a live other alone may have.
macro_rules! is_for_me {
    () => {
        concat!(
            "s.id = l.session_id and s.business_id = l.business_id and s.deleted_at is null
                and (l.heir = $1 or (not exists (select 1 from shards heir
                    where heir.incarnation = l.heir and heir.state <> 'lost') and ",
            has_work!(),
            "))"
        )
    };
}

/// Whether nobody live holds or shall have the lease `l` of a session `s` that has something to do.
macro_rules! is_loose {
    () => {
        concat!(
            "not exists (select 1 from shards h where h.incarnation = l.incarnation and h.state <> 'lost')
                and not exists (select 1 from shards h where h.incarnation = l.heir and h.state <> 'lost')
                and ",
            has_work!()
        )
    };
}

/// Whether the lease `l` is of a session that is to be connected.
macro_rules! is_wanted {
    () => {
        "exists (select 1 from sessions s where s.id = l.session_id and s.business_id = l.business_id
            and s.deleted_at is null and s.wanted in ('connected', 'restarted'))"
    };
}

/// The lost processes that still have leases.
macro_rules! lost {
    () => {
        "lost as materialized (
            select h.incarnation, h.number, h.left_behind from shards h where h.state = 'lost' and 1 = (
                select 1 from session_leases l where l.incarnation = h.incarnation order by l.session_id limit 1))"
    };
}

/// What businesses have of the loose leases.
macro_rules! of_business {
    () => {
        "loose.business_id, count(*) as sessions,
            max(cast(case when loose.heir = $1 then 1 else 0 end as bigint)) as inherited,
            max(loose.number) as last, max(loose.process) as process, max(loose.left_behind) as left_behind"
    };
}

/// Where a business belongs, and which live shard has something of it.
macro_rules! place {
    () => {
        "found.business_id, found.sessions, found.inherited, found.last, found.process, found.left_behind,
            b.shard_override, b.shard,
            (select min(other.number) from session_leases held
                join shards other on other.incarnation = held.incarnation
                where held.business_id = found.business_id and other.state = 'live') as holder"
    };
}

/// How many sessions a process of `shards` holds.
macro_rules! held {
    () => {
        "(select count(*) from session_leases l where l.incarnation = shards.incarnation)"
    };
}

statements! {
    /// Before registering: on SQLite every predecessor is dead; on Postgres only a lapsed one is.
    RETIRE: across_tenants = (
        concat!("update shards set state = 'lost', left_behind = ", held!(), "
            where number = $1 and state <> 'lost'");
        concat!("update shards set state = 'lost', left_behind = ", held!(), "
            where number = $1 and state <> 'lost'
              and lease_until < (extract(epoch from clock_timestamp()) * 1000)::bigint")
    );

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

    MARK_LOST: across_tenants = (
        concat!("update shards set state = 'lost', left_behind = ", held!(), " where state <> 'lost'
              and lease_until < cast(unixepoch('now', 'subsec') * 1000 as integer)");
        concat!("update shards set state = 'lost', left_behind = ", held!(), " where state <> 'lost'
              and lease_until < (extract(epoch from clock_timestamp()) * 1000)::bigint")
    );

    DEREGISTER: across_tenants =
        (concat!("update shards set state = 'lost', left_behind = ", held!(), " where incarnation = $1"));

    IS_LIVE = "select number from shards where incarnation = $1 and state <> 'lost'";

    /// The explicit lock waits for the share locks of batches in flight; a bare update would not.
    LOCK: across_tenants = {
        sqlite: "select session_id, business_id, incarnation, heir from session_leases where session_id = $1",
        postgres: "select session_id, business_id, incarnation, heir from session_leases
            where session_id = $1 for update",
    };

    LOCK_ALL: across_tenants = {
        sqlite: "select session_id, business_id, incarnation, heir from session_leases order by session_id",
        postgres: "select session_id, business_id, incarnation, heir from session_leases
            order by session_id for update",
    };

    LOCK_MINE: across_tenants = {
        sqlite: "select session_id, business_id, incarnation, heir from session_leases
            where incarnation = $1 order by session_id",
        postgres: "select session_id, business_id, incarnation, heir from session_leases
            where incarnation = $1 order by session_id for update",
    };

    /// What no live one holds; what somebody else has locked is skipped: whoever has it takes it.
    LOCK_BUSINESSES: across_tenants = (
        concat!("select l.session_id, l.business_id, l.incarnation, l.heir, ", has_work!(), " as has_work
            from json_each($1) as wanted
                cross join session_leases l on l.business_id = unhex(wanted.value)
                join sessions s on s.id = l.session_id and s.business_id = l.business_id
            where not exists (select 1 from shards h where h.incarnation = l.incarnation and h.state <> 'lost')
            order by l.session_id");
        concat!("select l.session_id, l.business_id, l.incarnation, l.heir, ", has_work!(), " as has_work
            from session_leases l join sessions s on s.id = l.session_id and s.business_id = l.business_id
            where l.business_id in (select (value #>> '{}')::uuid from json_array_elements($1::json))
                and not exists (select 1 from shards h where h.incarnation = l.incarnation and h.state <> 'lost')
            order by l.session_id for update of l skip locked")
    );

    COUNT_BUSINESSES: across_tenants = {
        sqlite: "select l.business_id, count(*) from json_each($1) as wanted
                cross join session_leases l on l.business_id = unhex(wanted.value)
                join sessions s on s.id = l.session_id and s.business_id = l.business_id
            where not exists (select 1 from shards h where h.incarnation = l.incarnation and h.state <> 'lost')
            group by l.business_id",
        postgres: "select l.business_id, count(*)
            from session_leases l join sessions s on s.id = l.session_id and s.business_id = l.business_id
            where l.business_id in (select (value #>> '{}')::uuid from json_array_elements($1::json))
                and not exists (select 1 from shards h where h.incarnation = l.incarnation and h.state <> 'lost')
            group by l.business_id",
    };

    ALL_LIVE = "select incarnation from shards where state <> 'lost'";

    TAKE: across_tenants = {
        sqlite: "update session_leases set incarnation = $2, epoch = epoch + 1, heir = null,
                taken_at = cast(unixepoch('now', 'subsec') * 1000 as integer)
            where session_id = $1 returning epoch",
        postgres: "update session_leases set incarnation = $2, epoch = epoch + 1, heir = null,
                taken_at = (extract(epoch from clock_timestamp()) * 1000)::bigint
            where session_id = $1 returning epoch",
    };

    TAKE_THESE: across_tenants = {
        sqlite: "update session_leases set incarnation = $2, epoch = epoch + 1, heir = null,
                taken_at = cast(unixepoch('now', 'subsec') * 1000 as integer)
            where session_id in (select unhex(value) from json_each($1)) returning session_id, business_id, epoch",
        postgres: "update session_leases set incarnation = $2, epoch = epoch + 1, heir = null,
                taken_at = (extract(epoch from clock_timestamp()) * 1000)::bigint
            where session_id in (select (value #>> '{}')::uuid from json_array_elements($1::json))
            returning session_id, business_id, epoch",
    };

    /// Of each business what `$1` may take: what nobody live holds, unless a live other alone may take it. It goes from
    /// what is loose to its rows, one by one, whatever the server thinks of their number: its cost grows with that, and
    /// not with the sessions that are held. (`offset 0` keeps each look-up one. Of a lost process 2,000 at a time, in
    /// the order of an index: asked for all of them, the server may well walk the table.)
    UNHELD: across_tenants = (
        concat!("with ", lost!(), ",
            loose as (
                select l.business_id, l.heir, null as process, null as number, null as left_behind
                    from session_leases l cross join sessions s on ", is_for_me!(), " where l.incarnation is null
                union all
                select l.business_id, l.heir, hex(lost.incarnation), lost.number, lost.left_behind
                    from lost cross join session_leases l on l.incarnation = lost.incarnation
                        cross join sessions s on ", is_for_me!(), "),
            found as materialized (select ", of_business!(), " from loose group by loose.business_id)
            select ", place!(), " from found left join businesses b on b.id = found.business_id");
        concat!("with ", lost!(), ",
            loose as (
                select l.business_id, l.heir, null as process, null::bigint as number, null::bigint as left_behind
                    from session_leases l cross join lateral (select from sessions s where ", is_for_me!(), " offset 0) as s
                    where l.incarnation is null
                union all
                select l.business_id, l.heir, lost.incarnation::text, lost.number, lost.left_behind
                    from lost cross join lateral (
                        select l.business_id, l.heir from session_leases l
                            cross join lateral (select from sessions s where ", is_for_me!(), " offset 0) as s
                        where l.incarnation = lost.incarnation order by l.session_id limit 2000) as l),
            found as materialized (select ", of_business!(), " from loose group by loose.business_id)
            select ", place!(), " from found left join lateral (
                select shard_override, shard from businesses where id = found.business_id offset 0) as b on true")
    );

    /// Sessions that are to be connected and that no process holds whose lease goes on. A process whose lease lapsed counts
    /// as gone also where no other shard is left that marks it lost. Of one process 2,000 at most, for the reason above.
    COUNT_UNHELD: across_tenants = (
        concat!("with gone as materialized (
                select h.incarnation from shards h
                where (h.state = 'lost' or h.lease_until < cast(unixepoch('now', 'subsec') * 1000 as integer))
                    and 1 = (select 1 from session_leases l where l.incarnation = h.incarnation order by l.session_id limit 1))
            select (select count(*) from session_leases l where l.incarnation is null and ", is_wanted!(), ")
                + (select count(*) from gone cross join session_leases l on l.incarnation = gone.incarnation
                    where ", is_wanted!(), ")");
        concat!("with gone as materialized (
                select h.incarnation from shards h
                where (h.state = 'lost' or h.lease_until < (extract(epoch from clock_timestamp()) * 1000)::bigint)
                    and 1 = (select 1 from session_leases l where l.incarnation = h.incarnation order by l.session_id limit 1))
            select (select count(*) from session_leases l cross join lateral (select where ", is_wanted!(), " offset 0) as s
                    where l.incarnation is null)
                + (select count(*) from gone cross join lateral (
                    select from session_leases l cross join lateral (select where ", is_wanted!(), " offset 0) as s
                    where l.incarnation = gone.incarnation order by l.session_id limit 2000) as l)")
    );

    /// Of these sessions those that are something to `$1`: what is wanted of one that it holds, and whether a live other is
    /// to have that; one that it may take, or that is on its way to it.
    HINTED: across_tenants = (
        concat!("select s.id, s.business_id, s.state, s.wanted, s.wanted_at,
                exists (select 1 from shards h where h.incarnation = l.heir and h.state <> 'lost') as moves,
                coalesce(l.incarnation = $1, false) as is_held
            from json_each($2) as hinted
                cross join session_leases l on l.session_id = unhex(hinted.value)
                cross join sessions s on s.id = l.session_id and s.business_id = l.business_id
            where s.deleted_at is null and (l.incarnation = $1 or l.heir = $1 or (", is_loose!(), "))");
        concat!("select s.id, s.business_id, s.state, s.wanted, s.wanted_at,
                exists (select 1 from shards h where h.incarnation = l.heir and h.state <> 'lost') as moves,
                coalesce(l.incarnation = $1, false) as is_held
            from session_leases l join sessions s on s.id = l.session_id and s.business_id = l.business_id
            where l.session_id = any (array(select (value #>> '{}')::uuid from json_array_elements($2::json)))
                and s.deleted_at is null and (l.incarnation = $1 or l.heir = $1 or (", is_loose!(), "))")
    );

    /// Whether anything is on its way to `$1`, and whether it is to be empty.
    STANDING: across_tenants = "select exists (select 1 from session_leases l where l.heir = s.incarnation),
            s.state = 'draining'
        from shards s where s.incarnation = $1";

    /// The live shards and how much room they have, what is on its way to them counted; one that is to be empty has
    /// none.
    PEERS: across_tenants = {
        sqlite: "select s.number, case when s.state = 'live' then s.capacity
                    - (select count(*) from session_leases l where l.incarnation = s.incarnation)
                    - (select count(*) from session_leases l where l.heir = s.incarnation) else 0 end, s.incarnation
            from shards s where s.state <> 'lost' and s.lease_until >= cast(unixepoch('now', 'subsec') * 1000 as integer)
            order by s.number",
        postgres: "select s.number, case when s.state = 'live' then s.capacity
                    - (select count(*) from session_leases l where l.incarnation = s.incarnation)
                    - (select count(*) from session_leases l where l.heir = s.incarnation) else 0 end, s.incarnation
            from shards s where s.state <> 'lost' and s.lease_until >= (extract(epoch from clock_timestamp()) * 1000)::bigint
            order by s.number",
    };

    /// Sessions of `$1` that live others are to have.
    ON_THEIR_WAY: across_tenants = "select count(*) from session_leases l join shards h on h.incarnation = l.heir
        where l.incarnation = $1 and h.state <> 'lost'";

    /// Businesses of `$1` that nobody else is to have yet.
    TO_GIVE: across_tenants = "select l.business_id, count(*) from session_leases l
        where l.incarnation = $1
            and not exists (select 1 from shards h where h.incarnation = l.heir and h.state <> 'lost')
        group by l.business_id order by l.business_id limit $2";

    GIVE = "update session_leases set heir = $3 where business_id = $1 and incarnation = $2";

    /// Businesses of `$1`, which is shard `$2`, that belong to another one which has been live for `$3` ms; they
    /// have not changed hands for `$4` ms.
    AWAY_FROM_HOME: across_tenants = {
        sqlite: "select l.business_id, count(*), coalesce(b.shard_override, b.shard)
            from session_leases l join businesses b on b.id = l.business_id
                join shards home on home.number = coalesce(b.shard_override, b.shard)
            where l.incarnation = $1 and home.number <> $2 and home.state = 'live'
                and home.lease_until >= cast(unixepoch('now', 'subsec') * 1000 as integer) and home.live_since <= cast(unixepoch('now', 'subsec') * 1000 as integer) - $3
                and not exists (select 1 from shards h where h.incarnation = l.heir and h.state <> 'lost')
            group by l.business_id, coalesce(b.shard_override, b.shard)
            having max(l.taken_at) <= cast(unixepoch('now', 'subsec') * 1000 as integer) - $4 order by max(l.taken_at) limit $5",
        postgres: "select l.business_id, count(*), coalesce(b.shard_override, b.shard)
            from session_leases l join businesses b on b.id = l.business_id
                join shards home on home.number = coalesce(b.shard_override, b.shard)
            where l.incarnation = $1 and home.number <> $2 and home.state = 'live'
                and home.lease_until >= (extract(epoch from clock_timestamp()) * 1000)::bigint and home.live_since <= (extract(epoch from clock_timestamp()) * 1000)::bigint - $3
                and not exists (select 1 from shards h where h.incarnation = l.heir and h.state <> 'lost')
            group by l.business_id, coalesce(b.shard_override, b.shard)
            having max(l.taken_at) <= (extract(epoch from clock_timestamp()) * 1000)::bigint - $4 order by max(l.taken_at) limit $5",
    };

    /// One session of a business has reached the process to which somebody moved it.
    MOVED = {
        sqlite: "update business_moves set moved = min(total, moved + 1),
                state = case when moved + 1 >= total then 'done' else state end
            where business_id = $1 and incarnation = $2 and state = 'moving'",
        postgres: "update business_moves set moved = least(total, moved + 1),
                state = case when moved + 1 >= total then 'done' else state end
            where business_id = $1 and incarnation = $2 and state = 'moving'",
    };

    MOVE_FAILED = "update business_moves set state = 'failed'
        where business_id = $1 and incarnation = $2 and state = 'moving'";

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
