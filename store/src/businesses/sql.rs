//! Statements on businesses. Operators see all of them.

use crate::businesses::row::tenant_columns;
use crate::statement::statements;

statements! {
    INSERT = "insert into businesses (id, name, status, shard, max_sessions, messages_per_day, max_storage_bytes, max_calls,
            created_at)
        values ($1, $2, 'active', $3, $4, $5, $6, $7, $8)";

    LIST: across_tenants = (concat!("select ", tenant_columns!(), " from businesses b
        where b.id > $1 and lower(b.name) like $2 escape '\\' order by b.id limit $3"));

    GET = (concat!("select ", tenant_columns!(), " from businesses b where b.id = $1"));

    LOCK = {
        sqlite: "select id from businesses where id = $1",
        postgres: "select id from businesses where id = $1 for no key update",
    };

    RENAME = "update businesses set name = $2 where id = $1";

    SET_STATUS = "update businesses set status = $2 where id = $1";

    SET_RETENTION = "update businesses set keep_messages_days = $2, keep_events_days = $3 where id = $1";

    /// With what the business keeps now: until the next measurement it is refused by that.
    SET_LIMITS = "update businesses set max_sessions = $2, messages_per_day = $3, max_storage_bytes = $4, max_calls = $5,
            storage_bytes = (select coalesce(sum(c.bytes), 0) from chats c where c.business_id = $1)
        where id = $1";
}
