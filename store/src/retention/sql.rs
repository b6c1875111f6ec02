//! Statements of retention.

use crate::statement::statements;

statements! {
    KEEPING: across_tenants = "select id, keep_messages_days, keep_events_days from businesses
        where keep_messages_days is not null or keep_events_days is not null";

    SESSIONS = "select id from sessions where business_id = $1 order by id";

    PICK_MESSAGES = "select chat_id, position from messages
        where business_id = $1 and session_id = $2 and created_at < $3 and status not in ('queued', 'sending')
        order by created_at limit $4";

    FORGET_MESSAGES = "delete from messages
        where business_id = $1 and chat_id = $2 and position <= $3 and created_at < $4
            and status not in ('queued', 'sending')
        returning cast(coalesce(octet_length(text), 0) as bigint), status";

    /// What the chat counts of its messages, without those that went.
    FORGOTTEN = "update chats set bytes = bytes - $3, unread = unread - $4 where business_id = $1 and id = $2";

    /// Numbers are in the order of time, but for moments: of the oldest, those that are too old. (Asked for all that are
    /// too old, it would read every event of the business when none is.)
    FORGET_EVENTS = "delete from events where business_id = $1 and seq in (
        select seq from (select seq, at from events where business_id = $1 order by seq limit $3) as oldest
        where oldest.at < $2)";
}
