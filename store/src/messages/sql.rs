//! Statements on messages.

use crate::messages::row::message_columns;
use crate::statement::statements;

statements! {
    /// First in its transaction: the loser of a race waits here for the winner's commit.
    CLAIM_KEY = "insert into idempotency_keys (business_id, actor, key, body_sha256, message_id, created_at)
        values ($1, $2, $3, $4, $5, $6) on conflict (business_id, actor, key) do nothing";

    KEY = "select body_sha256, message_id from idempotency_keys
        where business_id = $1 and actor = $2 and key = $3";

    SESSION = "select id, phone, lid from sessions
        where business_id = $1 and id = $2 and deleted_at is null and wanted <> 'deleted'";

    /// Two are enough to know that there is not only one.
    SESSIONS = "select id, phone, lid from sessions
        where business_id = $1 and deleted_at is null and wanted <> 'deleted' order by id limit 2";

    SESSIONS_WITH_CHAT = "select s.id, s.phone, s.lid from sessions s
        join chats c on c.session_id = s.id
        join contacts p on p.id = c.contact_id
        where s.business_id = $1 and s.deleted_at is null and s.wanted <> 'deleted' and p.business_id = $1
          and (p.phone = $2 or p.lid = $3)
        order by s.id limit 2";

    INSERT = "insert into messages (id, business_id, session_id, chat_id, contact_id, sender_key, wa_id,
            direction, kind, text, status, source, position, expires_at, created_at, sent_at, folded, read_told)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, false)";

    GET = (concat!("select ", message_columns!(), " from messages where business_id = $1 and id = $2"));

    OF_CHAT = (concat!("select ", message_columns!(), " from messages
        where business_id = $1 and chat_id = $2 and position < $3 order by position desc limit $4"));

    HOLDS = "select epoch from session_leases
        where session_id = $1 and business_id = $2 and epoch = $3 and incarnation is not null";

    UNSENT = "select m.id, m.wa_id, m.text, m.position, m.status, m.expires_at, c.phone, c.lid
        from messages m join contacts c on c.id = m.contact_id
            join session_leases l on l.session_id = m.session_id
        where m.business_id = $1 and m.session_id = $2 and m.chat_id = $3
          and m.status in ('queued', 'sending') and l.epoch = $5 and l.incarnation is not null
        order by m.position limit $4";

    SENDING = "update messages set status = 'sending'
        where business_id = $1 and session_id = $2 and id = $3 and status = 'queued'";

    SENT = (concat!("update messages set status = 'sent', sent_at = $4, error_code = null
        where business_id = $1 and session_id = $2 and id = $3 and status in ('queued', 'sending', 'failed')
        returning ", message_columns!()));

    FAILED = (concat!("update messages set status = 'failed', error_code = $4
        where business_id = $1 and session_id = $2 and id = $3 and status in ('queued', 'sending')
        returning ", message_columns!()));

    EXPIRED = (concat!("update messages set status = 'failed', error_code = 'expired'
        where business_id = $1 and chat_id = $2 and expires_at <= $3 and status in ('queued', 'sending')
        returning ", message_columns!()));
}
