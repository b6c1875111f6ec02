//! Statements on the audit log.

use crate::statement::statements;

/// The columns of an entry `a`.
macro_rules! entry_columns {
    () => {
        "a.business_id, a.seq, a.id, a.at, a.actor_kind, a.actor_id, a.address, a.request_id, a.action, a.target,
            a.detail, a.hash"
    };
}

/// Entries of the hand `$1` and the act `$2`, where those are asked for, from `$3` until before `$4`.
macro_rules! entries {
    () => {
        concat!(
            "select ",
            entry_columns!(),
            ", u.name as actor_name from audit a left join users u on u.id = a.actor_id
        where (a.actor_id = $1 or $1 is null) and (a.action = $2 or $2 is null) and a.at >= $3 and a.at < $4"
        )
    };
}

statements! {
    /// Takes the next number, and answers the hash of the entry before it; the row stays locked until the commit.
    TAKE = "insert into audit_heads (business_id, seq, hash) values ($1, 1, $2)
        on conflict (business_id) do update set seq = audit_heads.seq + 1
        returning seq, hash";

    INSERT = "insert into audit (business_id, seq, id, at, actor_kind, actor_id, address, request_id,
            action, target, detail, hash)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

    SET_HEAD = "update audit_heads set hash = $2 where business_id = $1";

    LIST = (concat!(entries!(), " and a.business_id = $6 and a.seq < $7 order by a.seq desc limit $5"));

    LIST_ALL: across_tenants = (concat!(entries!(), " and a.id < $6 order by a.id desc limit $5"));

    HEADS: across_tenants = "select business_id, seq, hash from audit_heads where business_id > $1
        order by business_id limit $2";

    CHAIN = (concat!("select ", entry_columns!(), ", null as actor_name from audit a
        where a.business_id = $1 and a.seq > $2 order by a.seq limit $3"));

    /// Businesses with entries and no head: somebody took the head away.
    HEADLESS: across_tenants = "select a.business_id from audit a
        where not exists (select 1 from audit_heads h where h.business_id = a.business_id) limit 1";
}
