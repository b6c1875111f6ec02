//! Statements of the sweeps.

use crate::messages::row::message_columns;
use crate::statement::statements;

/// The unique keys of the drains that wait or run.
macro_rules! drains {
    () => {
        "select unique_key from jobs where state = 'waiting' and unique_key is not null and kind = 'drain_chat'
        union all
        select unique_key from jobs where state = 'running' and lease_until > 0 and unique_key is not null
            and kind = 'drain_chat'"
    };
}

statements! {
    /// Chats with something to send through a connected session, or through one that may still answer, and no drain
    /// on its way.
    DRAINS_MISSING: across_tenants = (
        concat!("select distinct m.business_id, m.session_id, m.chat_id
            from sessions s join messages m on m.session_id = s.id
            where s.deleted_at is null and m.status in ('queued', 'sending')
              and (s.state = 'connected' or (s.state = 'restricted' and s.reason = 'new_chats_restricted'
                and exists (select 1 from messages i where i.chat_id = m.chat_id and i.direction = 'inbound')))
              and 'drain_chat:chat_' || lower(hex(m.chat_id)) not in (", drains!(), ") limit $1");
        concat!("select distinct m.business_id, m.session_id, m.chat_id
            from sessions s join messages m on m.session_id = s.id
            where s.deleted_at is null and m.status in ('queued', 'sending')
              and (s.state = 'connected' or (s.state = 'restricted' and s.reason = 'new_chats_restricted'
                and exists (select 1 from messages i where i.chat_id = m.chat_id and i.direction = 'inbound')))
              and 'drain_chat:chat_' || replace(m.chat_id::text, '-', '') not in (", drains!(), ") limit $1")
    );

    /// Chats whose reads WhatsApp does not know of though their session is live, and no drain on its way.
    READS_MISSING: across_tenants = (
        concat!("select distinct m.business_id, m.session_id, m.chat_id
            from messages m indexed by messages_reads_to_tell join sessions s on s.id = m.session_id
            where s.deleted_at is null and m.direction = 'inbound' and m.status = 'read' and m.read_told = false
              and (s.state = 'connected' or (s.state = 'restricted' and s.reason = 'new_chats_restricted'))
              and 'drain_chat:chat_' || lower(hex(m.chat_id)) not in (", drains!(), ") limit $1");
        concat!("select distinct m.business_id, m.session_id, m.chat_id
            from messages m join sessions s on s.id = m.session_id
            where s.deleted_at is null and m.direction = 'inbound' and m.status = 'read' and m.read_told = false
              and (s.state = 'connected' or (s.state = 'restricted' and s.reason = 'new_chats_restricted'))
              and 'drain_chat:chat_' || replace(m.chat_id::text, '-', '') not in (", drains!(), ") limit $1")
    );

    HAS_EXPIRED: across_tenants = "select expires_at from messages
        where status in ('queued', 'sending') and expires_at <= $1 and (status = 'queued' or expires_at <= $2)
        limit 1";

    EXPIRE: across_tenants = (
        concat!("update messages set status = 'failed', error_code = 'expired' where id in (
                select id from messages where status in ('queued', 'sending') and expires_at <= $1
                  and (status = 'queued' or expires_at <= $2) order by expires_at limit $3)
            returning ", message_columns!());
        concat!("update messages set status = 'failed', error_code = 'expired' where id in (
                select id from messages where status in ('queued', 'sending') and expires_at <= $1
                  and (status = 'queued' or expires_at <= $2) order by expires_at limit $3
                  for update skip locked)
            returning ", message_columns!())
    );

    PRUNE_EVENTS: across_tenants = "delete from events where (business_id, seq) in (
        select business_id, seq from events where at < $1 order by at limit $2)";

    PRUNE_KEYS: across_tenants = "delete from idempotency_keys where (business_id, actor, key) in (
        select business_id, actor, key from idempotency_keys where created_at < $1 order by created_at limit $2)";

    PRUNE_SIGN_INS: across_tenants = "delete from user_sessions where id in (
        select id from user_sessions where expires_at < $1 order by expires_at limit $2)";

    PRUNE_LINKS: across_tenants = "delete from sign_in_links where token_hash in (
        select token_hash from sign_in_links where expires_at < $1 order by expires_at limit $2)";

    /// Whether it was accepted or withdrawn: nobody can use it after its end, and no list shows it.
    PRUNE_INVITATIONS: across_tenants = "delete from invitations where id in (
        select id from invitations where expires_at < $1 order by expires_at limit $2)";

    PRUNE_EXPIRED_KEYS: across_tenants = "delete from api_keys where id in (
        select id from api_keys where expires_at < $1 order by expires_at limit $2)";

    PRUNE_REVOKED_KEYS: across_tenants = "delete from api_keys where id in (
        select id from api_keys where revoked_at < $1 order by revoked_at limit $2)";

    /// The age is compared once more of the row that goes: whoever is missed again meanwhile stays.
    PRUNE_MISSED: across_tenants = "delete from missed_callers where missed_at < $1 and id in (
        select id from missed_callers where missed_at < $1 and (told_at is null or told_at < $1)
        order by missed_at limit $2)";

    /// Registrations of shards that were lost long ago and hold nothing.
    PRUNE_SHARDS: across_tenants = "delete from shards where incarnation in (
        select incarnation from shards where state = 'lost' and lease_until < $1
            and not exists (select 1 from session_leases where session_leases.incarnation = shards.incarnation)
        limit $2)";

    PRUNE_VAULT: across_tenants = "delete from vault where (session_id, space, key, sub) in (
        select session_id, space, key, sub from vault where expires_at < $1 order by expires_at limit $2)";
}
