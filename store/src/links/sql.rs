//! Statements on link attempts.

use crate::statement::statements;

statements! {
    PUT = "insert into link_attempts
            (session_id, business_id, epoch, method, state, sealed, expires_at, codes_left)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (session_id) do update set epoch = excluded.epoch, method = excluded.method,
            state = excluded.state, sealed = excluded.sealed, expires_at = excluded.expires_at,
            codes_left = excluded.codes_left";

    END = "delete from link_attempts where session_id = $1 and business_id = $2";

    /// Of the present holder only: a process that died can show no code any more.
    GET = "select a.method, a.state, a.sealed, a.expires_at, a.codes_left
        from link_attempts a join session_leases l on l.session_id = a.session_id and l.epoch = a.epoch
        where a.business_id = $1 and a.session_id = $2 and l.incarnation is not null";
}
