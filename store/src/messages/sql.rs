//! Statements on messages.

use crate::messages::row::message_columns;
use crate::statement::statements;

/// The limit of messages of the business `$1`, if it has one, and whether it keeps all that it may.
macro_rules! limits {
    () => {
        "(select b.messages_per_day from businesses b where b.id = $1),
            (select b.storage_bytes >= b.max_storage_bytes from businesses b where b.id = $1)"
    };
}

statements! {
    /// First in its transaction: the loser of a race waits here for the winner's commit.
    CLAIM_KEY = "insert into idempotency_keys (business_id, actor, key, body_sha256, message_id, created_at)
        values ($1, $2, $3, $4, $5, $6) on conflict (business_id, actor, key) do nothing";

    /// The message was refused after all.
    UNCLAIM_KEY = "delete from idempotency_keys where business_id = $1 and actor = $2 and key = $3";

    KEY = "select body_sha256, message_id from idempotency_keys
        where business_id = $1 and actor = $2 and key = $3";

    /// With the limits of the business.
    SESSION = (concat!("select s.id, s.phone, s.lid, ", limits!(), " from sessions s
        where s.business_id = $1 and s.id = $2 and s.deleted_at is null and s.wanted <> 'deleted'"));

    /// Two are enough to know that there is not only one.
    SESSIONS = (concat!("select s.id, s.phone, s.lid, ", limits!(), " from sessions s
        where s.business_id = $1 and s.deleted_at is null and s.wanted <> 'deleted' order by s.id limit 2"));

    SESSIONS_WITH_CHAT = (concat!("select s.id, s.phone, s.lid, ", limits!(), " from sessions s
        join chats c on c.session_id = s.id
        join contacts p on p.id = c.contact_id
        where s.business_id = $1 and s.deleted_at is null and s.wanted <> 'deleted' and p.business_id = $1
          and (p.phone = $2 or p.lid = $3)
        order by s.id limit 2"));

    /// Texts to be sent, as JSON.
    ACCEPT = {
        sqlite: "insert into messages (id, business_id, session_id, chat_id, contact_id, sender_key, wa_id,
                direction, kind, text, status, source, position, expires_at, created_at, folded, read_told)
            select unhex(value ->> 0), $1, unhex(value ->> 1), unhex(value ->> 2), unhex(value ->> 3), 'me', value ->> 4,
                'outbound', 'text', value ->> 5, 'queued', value ->> 7, value ->> 8, value ->> 9, value ->> 10,
                value ->> 6, false
            from json_each($2)",
        postgres: "insert into messages (id, business_id, session_id, chat_id, contact_id, sender_key, wa_id,
                direction, kind, text, status, source, position, expires_at, created_at, folded, read_told)
            select (value ->> 0)::uuid, $1, (value ->> 1)::uuid, (value ->> 2)::uuid, (value ->> 3)::uuid, 'me',
                value ->> 4, 'outbound', 'text', value ->> 5, 'queued', value ->> 7, (value ->> 8)::bigint,
                (value ->> 9)::bigint, (value ->> 10)::bigint, value ->> 6, false
            from json_array_elements($2::json)",
    };

    INSERT = (concat!("insert into messages (id, business_id, session_id, chat_id, contact_id, sender_key, wa_id,
            direction, kind, text, status, source, position, expires_at, created_at, sent_at, folded, read_told)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, false)
        returning ", message_columns!()));

    GET = (concat!("select ", message_columns!(), " from messages where business_id = $1 and id = $2"));

    OF_CHAT = (concat!("select ", message_columns!(), " from messages
        where business_id = $1 and chat_id = $2 and position < $3 order by position desc limit $4"));

    HOLDS = "select epoch from session_leases
        where session_id = $1 and business_id = $2 and epoch = $3 and incarnation is not null";

    UNSENT = "select m.id, m.wa_id, m.text, m.position, m.status, m.expires_at, c.phone, c.lid,
            exists (select 1 from messages r where r.business_id = $1 and r.chat_id = $3
                and r.direction = 'inbound' and r.status = 'read' and r.read_told = false) as has_untold_reads
        from messages m join contacts c on c.id = m.contact_id
            join session_leases l on l.session_id = m.session_id
        where m.business_id = $1 and m.session_id = $2 and m.chat_id = $3
          and m.status in ('queued', 'sending') and l.epoch = $5 and l.incarnation is not null
        order by m.position limit $4";

    /// Messages with their business and session, as JSON, and the instant of their acknowledgement: those with one are
    /// sent, the others go to the socket. (Asked for the status itself, Postgres may walk an index of all that is queued
    /// on the platform, which it believes to be little, rather than look the ids up: what `is true` and `coalesce` ask no
    /// index answers, and the latter is not believed to be rare. Nor does it know how many are told: it believes a
    /// hundred, for which it would rather read a table of some thousand rows; ids in an array are looked up.)
    MARK: across_tenants = (
        concat!("update messages set status = case when told.at is null then 'sending' else 'sent' end,
                sent_at = coalesce(told.at, sent_at), error_code = case when told.at is null then error_code end
            from (select unhex(value ->> 0) as business, unhex(value ->> 1) as session, unhex(value ->> 2) as id,
                value ->> 3 as at from json_each($1)) as told
            where messages.id = told.id and messages.business_id = told.business
              and messages.session_id = told.session
              and (messages.status = 'queued' or told.at is not null and messages.status in ('sending', 'failed'))
            returning ", message_columns!());
        concat!("update messages set status = case when told.at is null then 'sending' else 'sent' end,
                sent_at = coalesce(told.at, sent_at), error_code = case when told.at is null then error_code end
            from (select (value ->> 0)::uuid as business, (value ->> 1)::uuid as session, (value ->> 2)::uuid as id,
                (value ->> 3)::bigint as at from json_array_elements($1::json)) as told
            where messages.id = told.id
              and messages.id = any (array(select (value ->> 2)::uuid from json_array_elements($1::json)))
              and (messages.business_id = told.business) is true
              and (messages.session_id = told.session) is true
              and coalesce(messages.status = 'queued'
                or told.at is not null and messages.status in ('sending', 'failed'), false)
            returning ", message_columns!())
    );

    FAILED = (concat!("update messages set status = 'failed', error_code = $4
        where business_id = $1 and session_id = $2 and id = $3 and status in ('queued', 'sending')
        returning ", message_columns!()));

    EXPIRED = (concat!("update messages set status = 'failed', error_code = 'expired'
        where business_id = $1 and chat_id = $2 and expires_at <= $3 and status in ('queued', 'sending')
        returning ", message_columns!()));
}
