//! Statements on limits.

use crate::statement::statements;

statements! {
    LOCK_SESSIONS = {
        sqlite: "select max_sessions from businesses where id = $1",
        postgres: "select max_sessions from businesses where id = $1 for no key update",
    };

    SESSIONS = "select count(*) from sessions where business_id = $1 and deleted_at is null";

    COUNT = "update message_counts set messages = case when day = $2 then messages + 1 else 1 end, day = $2
        where business_id = $1 returning messages";

    /// The messages of the day so far, the one that is being accepted included.
    FIRST = "insert into message_counts (business_id, day, messages)
        select $1, $2, count(*) from sessions s join messages m on m.session_id = s.id
        where s.business_id = $1 and m.created_at >= $2 and m.direction = 'outbound' and m.source <> 'phone'
        on conflict (business_id) do update set messages = message_counts.messages + 1
        returning messages";

    SINCE = "select count(*) from sessions s join messages m on m.session_id = s.id
        where s.business_id = $1 and m.created_at >= $2 and m.direction = 'outbound' and m.source <> 'phone'";

    /// Of the texts of its messages and of what callers recorded.
    STORAGE = "select cast(coalesce(sum(c.bytes), 0)
            + (select coalesce(sum(r.bytes), 0) from recordings r where r.business_id = $1) as bigint)
        from chats c where c.business_id = $1";

    /// Businesses with a limit, what was noted of them and what they keep.
    MEASURED: across_tenants = "select b.id, b.storage_bytes,
            cast(coalesce((select sum(c.bytes) from chats c where c.business_id = b.id), 0)
                + coalesce((select sum(r.bytes) from recordings r where r.business_id = b.id), 0) as bigint)
        from businesses b where b.max_storage_bytes is not null and b.id > $1 order by b.id limit $2";

    NOTE_STORAGE = "update businesses set storage_bytes = $2 where id = $1";

    /// Whether it keeps all that it may, by the last measuring.
    IS_FULL = "select b.storage_bytes >= b.max_storage_bytes from businesses b
        where b.id = $1 and b.max_storage_bytes is not null";

    FORGET = "delete from message_counts where business_id = $1";
}
