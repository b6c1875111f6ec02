//! Statements on shards.

use crate::statement::statements;

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
}
