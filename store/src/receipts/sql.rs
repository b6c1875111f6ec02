//! Statements on receipts. A batch comes as JSON: pairs of a WhatsApp id and an instant.

use crate::messages::row::message_columns;
use crate::statement::statements;

statements! {
    OWNER_OF_CHAT = "select business_id from chats where id = $1";

    /// WhatsApp tells whole seconds: no step is earlier than the one before it. (How many are told of Postgres cannot know
    /// beforehand, and may read all messages of the session for fear of many, all the more as it believes that business and
    /// session narrow them twice; an array is looked up, and what `is true` asks no index answers.)
    DELIVERED = (
        concat!("update messages set status = 'delivered', error_code = null,
                sent_at = coalesce(sent_at, told.at),
                delivered_at = coalesce(delivered_at, max(told.at, coalesce(sent_at, 0)))
            from (select value ->> 0 as wa_id, min(value ->> 1) as at from json_each($3) group by 1) as told
            where messages.business_id = $1 and messages.session_id = $2 and messages.wa_id = told.wa_id
              and messages.direction = 'outbound' and messages.status in ('queued', 'sending', 'failed', 'sent')
            returning ", message_columns!());
        concat!("update messages set status = 'delivered', error_code = null,
                sent_at = coalesce(sent_at, told.at),
                delivered_at = coalesce(delivered_at, greatest(told.at, sent_at))
            from (select value ->> 0 as wa_id, min((value ->> 1)::bigint) as at
                from json_array_elements($3::json) group by 1) as told
            where (messages.business_id = $1) is true and messages.session_id = $2 and messages.wa_id = told.wa_id
              and messages.wa_id = any (array(select value ->> 0 from json_array_elements($3::json)))
              and messages.direction = 'outbound' and messages.status in ('queued', 'sending', 'failed', 'sent')
            returning ", message_columns!())
    );

    READ = (
        concat!("update messages set status = 'read', error_code = null, sent_at = coalesce(sent_at, told.at),
                delivered_at = coalesce(delivered_at, max(told.at, coalesce(sent_at, 0))),
                read_at = coalesce(read_at, max(told.at, coalesce(sent_at, 0), coalesce(delivered_at, 0)))
            from (select value ->> 0 as wa_id, min(value ->> 1) as at from json_each($3) group by 1) as told
            where messages.business_id = $1 and messages.session_id = $2 and messages.wa_id = told.wa_id
              and messages.direction = 'outbound'
              and messages.status in ('queued', 'sending', 'failed', 'sent', 'delivered')
            returning ", message_columns!());
        concat!("update messages set status = 'read', error_code = null, sent_at = coalesce(sent_at, told.at),
                delivered_at = coalesce(delivered_at, greatest(told.at, sent_at)),
                read_at = coalesce(read_at, greatest(told.at, sent_at, delivered_at))
            from (select value ->> 0 as wa_id, min((value ->> 1)::bigint) as at
                from json_array_elements($3::json) group by 1) as told
            where (messages.business_id = $1) is true and messages.session_id = $2 and messages.wa_id = told.wa_id
              and messages.wa_id = any (array(select value ->> 0 from json_array_elements($3::json)))
              and messages.direction = 'outbound'
              and messages.status in ('queued', 'sending', 'failed', 'sent', 'delivered')
            returning ", message_columns!())
    );

    KNOWN = {
        sqlite: "select wa_id from messages where business_id = $1 and session_id = $2 and direction = 'outbound'
              and wa_id in (select value from json_each($3))",
        postgres: "select wa_id from messages where (business_id = $1) is true and session_id = $2
              and direction = 'outbound' and wa_id = any (array(select json_array_elements_text($3::json)))",
    };

    /// Ours before the newest one that was read, with the instant at which the next one was; no step is earlier than
    /// the one before it.
    IMPLIED_READ = (concat!("update messages set status = 'read',
            delivered_at = coalesce(delivered_at, case when told.at < sent_at then sent_at else told.at end),
            read_at = case when told.at < coalesce(delivered_at, sent_at) then coalesce(delivered_at, sent_at)
                else told.at end
        from (select ours.id as ours_id, (select next.read_at from messages next
                where next.chat_id = ours.chat_id and next.position > ours.position
                  and next.direction = 'outbound' and next.status = 'read' order by next.position limit 1) as at
            from messages ours
            where ours.chat_id = $2 and ours.direction = 'outbound' and ours.status in ('sent', 'delivered')
              and ours.position < (select newest.position from messages newest
                where newest.chat_id = $2 and newest.direction = 'outbound' and newest.status = 'read'
                order by newest.position desc limit 1)
            order by ours.position desc limit $3) told
        where messages.business_id = $1 and messages.id = told.ours_id
        returning ", message_columns!()));

    /// Ours before the newest message of the person, with the instant at which the next one came. A group's
    /// messages say nothing about its other members.
    IMPLIED_DELIVERED = (concat!("update messages set status = 'delivered',
            delivered_at = case when told.at < sent_at then sent_at else told.at end
        from (select ours.id as ours_id, (select reply.created_at from messages reply
                where reply.chat_id = ours.chat_id and reply.position > ours.position
                  and reply.direction = 'inbound' order by reply.position limit 1) as at
            from messages ours join chats on chats.id = ours.chat_id
            where ours.chat_id = $2 and ours.direction = 'outbound' and ours.status = 'sent' and chats.kind = 'person'
              and ours.position < (select newest.position from messages newest
                where newest.chat_id = $2 and newest.direction = 'inbound' order by newest.position desc limit 1)
            order by ours.position desc limit $3) told
        where messages.business_id = $1 and messages.id = told.ours_id
        returning ", message_columns!()));
}
