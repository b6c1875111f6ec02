//! Statements on sessions.

use crate::messages::row::message_columns;
use crate::sessions::row::session_columns;
use crate::statement::statements;

statements! {
    INSERT = "insert into sessions (id, business_id, name, state, since, wanted, wanted_at, paired, created_at)
        values ($1, $2, $3, 'created', $4, 'disconnected', $4, false, $4)";

    INSERT_LEASE = "insert into session_leases (session_id, business_id, epoch) values ($1, $2, 0)";

    LIST = (concat!("select ", session_columns!("$2"), " from sessions s
        where s.business_id = $1 and s.deleted_at is null order by s.id"));

    GET = (concat!("select ", session_columns!("$3"), " from sessions s
        where s.business_id = $1 and s.id = $2 and s.deleted_at is null"));

    ALL: across_tenants = (concat!("select ", session_columns!("$1"), " from sessions s
        where s.deleted_at is null order by s.id"));

    WANTED_SINCE: across_tenants = (concat!("select ", session_columns!("$2"), " from sessions s
        where s.wanted_at >= $1 and s.deleted_at is null order by s.wanted_at, s.id"));

    RENAME = "update sessions set name = $3 where business_id = $1 and id = $2 and deleted_at is null";

    WANT = "update sessions set wanted = $3, wanted_at = $4
        where business_id = $1 and id = $2 and deleted_at is null";

    /// The lock keeps a shard from taking the session while it is deleted.
    NOT_HELD = {
        sqlite: "select epoch from session_leases
            where session_id = $1 and business_id = $2 and incarnation is null",
        postgres: "select epoch from session_leases
            where session_id = $1 and business_id = $2 and incarnation is null for update",
    };

    /// What WhatsApp restricts outlasts the state that tells it first.
    SET_STATE = "update sessions set state = $3, reason = $4, since = $5, until = $6,
            new_chats_until = case when $4 = 'new_chats_restricted' then $6 else new_chats_until end,
            banned_until = case when $4 = 'temporary_ban' then $6 else banned_until end
        where business_id = $1 and id = $2";

    PAIRED = "update sessions set paired = true, phone = $3, lid = coalesce($4, lid)
        where business_id = $1 and id = $2";

    UNPAIRED = "update sessions set paired = false where business_id = $1 and id = $2";

    SEEN = "update sessions set phone_seen_at = $3 where business_id = $1 and id = $2";

    /// Chats with something to send, or with something read of which WhatsApp does not know.
    CHATS_TO_DRAIN = "select chat_id from messages
            where business_id = $1 and session_id = $2 and status in ('queued', 'sending')
        union
        select chats.id from chats where chats.business_id = $1 and chats.session_id = $2
            and exists (select 1 from messages m where m.chat_id = chats.id
                and m.direction = 'inbound' and m.status = 'read' and m.read_told = false)";

    DELETE_LEASE = "delete from session_leases where session_id = $1 and business_id = $2";

    FAIL_UNSENT = (concat!("update messages set status = 'failed', error_code = $3
        where business_id = $1 and session_id = $2 and status in ('queued', 'sending')
        returning ", message_columns!()));

    DELETE = "update sessions set deleted_at = $3, paired = false where business_id = $1 and id = $2";

    WIPE_VAULT = "delete from vault where session_id = $1";

    WIPE_LID_MAP = "delete from lid_map where session_id = $1";

    WIPE_LINK: across_tenants = "delete from link_attempts where session_id = $1";
}
