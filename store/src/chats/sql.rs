//! Statements on chats.

use crate::messages::row::message_columns;
use crate::statement::statements;

macro_rules! chat_columns {
    () => {
        concat!(
            "chats.id as chat_key, chats.session_id as chat_session, chats.contact_id as contact, \
             chats.kind as chat_kind, p.phone, p.lid, coalesce(p.name, p.push_name) as name, \
             chats.unread, chats.last_message_at, ",
            message_columns!()
        )
    };
}

statements! {
    /// The page first, whoever it is that they write to after it: joined before, Postgres looks at every chat of the
    /// business. What may be left out is a `case`, of which Postgres expects half the rows and not next to none.
    LIST = (concat!("select ", chat_columns!(), "
        from (
            select * from chats where business_id = $1
              and case when session_id = $2 then true else $2 is null end
              and case when $3 = 0 then true else unread > 0 end
              and (last_message_at, id) < ($4, $5)
            order by last_message_at desc, id desc limit $6
        ) as chats join contacts p on p.id = chats.contact_id
            join messages on messages.id = chats.last_message_id
        order by chats.last_message_at desc, chats.id desc"));

    /// Whether a chat has a matching message is asked chat by chat: as `exists`, Postgres reads the messages of every
    /// business there is into a table of its own first.
    SEARCH = (concat!("select ", chat_columns!(), "
        from (
            select chats.* from chats join contacts p on p.id = chats.contact_id
            where chats.business_id = $1 and (chats.session_id = $2 or $2 is null)
              and (chats.unread > 0 or $3 = 0)
              and (coalesce(p.name_folded, lower(p.name), '') like $4 escape '\\'
                or coalesce(p.push_name_folded, lower(p.push_name), '') like $4 escape '\\'
                or ('+' || coalesce(p.phone, '')) like $4 escape '\\'
                or (select true from messages m where m.chat_id = chats.id
                    and coalesce(m.folded, lower(m.text)) like $4 escape '\\' limit 1))
              and (chats.last_message_at, chats.id) < ($5, $6)
            order by chats.last_message_at desc, chats.id desc limit $7
        ) as chats join contacts p on p.id = chats.contact_id
            join messages on messages.id = chats.last_message_id
        order by chats.last_message_at desc, chats.id desc"));

    /// The newest message that matches in each of these chats, a JSON list.
    NEWEST_MATCHES = (
        concat!("select ", message_columns!(), " from messages where business_id = $1 and id in (
            select (select m.id from messages m where m.business_id = $1 and m.chat_id = unhex(value)
                    and coalesce(m.folded, lower(m.text)) like $3 escape '\\' order by m.position desc limit 1)
            from json_each($2))");
        concat!("select ", message_columns!(), " from json_array_elements_text($2::json) as wanted (chat)
            cross join lateral (select * from messages where business_id = $1 and chat_id = wanted.chat::uuid
                and coalesce(folded, lower(text)) like $3 escape '\\' order by position desc limit 1) as messages")
    );

    GET = (concat!("select ", chat_columns!(), "
        from chats join contacts p on p.id = chats.contact_id
            join messages on messages.id = chats.last_message_id
        where chats.business_id = $1 and chats.id = $2"));

    /// The row stays locked until the commit: places are in the order of commits.
    TAKE_PLACE = "insert into chats (id, business_id, session_id, contact_id, kind, unread,
            last_position, last_message_id, last_message_at, created_at, bytes)
        values ($1, $2, $3, $4, 'person', 0, 1, $5, $6, $6, $7)
        on conflict (session_id, contact_id) do update set
            last_position = chats.last_position + 1,
            last_message_id = excluded.last_message_id, last_message_at = excluded.last_message_at,
            bytes = chats.bytes + excluded.bytes
        returning id, last_position";

    /// Finds or makes the chat and locks it; the message may turn out to be there already.
    LOCK = "insert into chats (id, business_id, session_id, contact_id, kind, unread, last_position, created_at)
        values ($1, $2, $3, $4, 'person', 0, 0, $5)
        on conflict (session_id, contact_id) do update set last_position = chats.last_position
        returning id, last_position";

    ARRIVED = "update chats set unread = unread + $3, last_position = $4,
            last_message_id = $5, last_message_at = $6, bytes = bytes + $7
        where business_id = $1 and id = $2";

    /// A message that was there got its text.
    FILLED = "update chats set bytes = bytes + $3 where business_id = $1 and id = $2";

    LOCK_BY_ID = {
        sqlite: "select session_id, unread from chats where business_id = $1 and id = $2",
        postgres: "select session_id, unread from chats where business_id = $1 and id = $2 for update",
    };

    READ_ALL = "update messages set status = 'read', read_at = $3
        where business_id = $1 and chat_id = $2 and status = 'received'";

    NOTHING_UNREAD = "update chats set unread = 0 where business_id = $1 and id = $2";

    READS_TO_SEND = "select m.wa_id, m.position, c.phone, c.lid
        from messages m join contacts c on c.id = m.contact_id
        where m.business_id = $1 and m.chat_id = $2
          and m.direction = 'inbound' and m.status = 'read' and m.read_told = false
        order by m.position limit 500";

    READS_SENT = "update messages set read_told = true
        where business_id = $1 and chat_id = $2 and position <= $3
          and direction = 'inbound' and status = 'read' and read_told = false";

    IS_ANSWERED = "select id from messages
        where business_id = $1 and chat_id = $2 and direction = 'inbound' limit 1";

    /// Where an inbound message stands that another device of ours has read.
    PLACE_OF = "select chat_id, position from messages
        where business_id = $1 and session_id = $2 and wa_id = $3 and direction = 'inbound'";

    READ_ELSEWHERE = "update messages set status = 'read', read_at = $4, read_told = true
        where business_id = $1 and chat_id = $2 and position <= $3 and status = 'received'";

    RECOUNT_UNREAD = "update chats set
            unread = (select count(*) from messages m where m.chat_id = chats.id and m.status = 'received')
        where business_id = $1 and id = $2";
}
