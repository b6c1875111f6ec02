//! Statements on sessions.

use crate::messages::row::message_columns;
use crate::sessions::row::session_columns;
use crate::statement::statements;

statements! {
    INSERT = "insert into sessions (id, business_id, name, state, since, wanted, wanted_at, paired, created_at)
        values ($1, $2, $3, 'created', $4, 'disconnected', $4, false, $4)";

    INSERT_LEASE = "insert into session_leases (session_id, business_id, epoch) values ($1, $2, 0)";

    /// Nobody sees a session any more whose deletion was answered.
    LIST = (concat!("select ", session_columns!("$2"), " from sessions s
        where s.business_id = $1 and s.deleted_at is null and s.wanted <> 'deleted' order by s.id"));

    GET = (concat!("select ", session_columns!("$3"), " from sessions s
        where s.business_id = $1 and s.id = $2 and s.deleted_at is null and s.wanted <> 'deleted'"));

    /// As its shard sees it.
    FIND = (concat!("select ", session_columns!(), " from sessions s
        where s.business_id = $1 and s.id = $2 and s.deleted_at is null"));

    /// Answered from the index alone: it holds both columns, and what a policy asks.
    MESSAGES_SINCE: across_tenants = "select count(*) from messages where session_id = $1 and created_at >= $2";

    /// What is wanted of the sessions that `$1` holds, and whether a live other is to have them. Deleted sessions have
    /// no lease.
    WISHES: across_tenants = "select s.id, s.business_id, s.state, s.wanted, s.wanted_at,
            exists (select 1 from shards h where h.incarnation = l.heir and h.state <> 'lost') as moves
        from session_leases l join sessions s on s.id = l.session_id and s.business_id = l.business_id
        where s.deleted_at is null and l.incarnation = $1";

    /// The first connection of a business says where it belongs from now on.
    PIN = "update businesses set shard = (select h.number from session_leases l
                join shards h on h.incarnation = l.incarnation
                where l.session_id = $2 and l.business_id = businesses.id)
        where id = $1 and shard is null";

    RENAME = "update sessions set name = $3
        where business_id = $1 and id = $2 and deleted_at is null and wanted <> 'deleted'";

    /// Nothing takes a deletion back. A later wish has the later instant, and one after the present state,
    /// whatever the clock says.
    WANT = {
        sqlite: "update sessions set wanted = $3, wanted_at = max($4, wanted_at + 1, since + 1)
            where business_id = $1 and id = $2 and deleted_at is null and wanted <> 'deleted'",
        postgres: "update sessions set wanted = $3, wanted_at = greatest($4, wanted_at + 1, since + 1)
            where business_id = $1 and id = $2 and deleted_at is null and wanted <> 'deleted'",
    };

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

    /// Another session of the business that is linked to the phone `$3`.
    LINKED_TO = "select id from sessions
        where business_id = $1 and id <> $2 and phone = $3 and paired = true and deleted_at is null
          and wanted <> 'deleted' limit 1";

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
