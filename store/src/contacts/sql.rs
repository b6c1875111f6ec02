//! Statements on contacts, and those that make two of them one.

use crate::statement::statements;

statements! {
    LIST = "select id, phone, lid, name, push_name, labels, opted_out_at from contacts
        where business_id = $1 and (cast($2 as text) is null or coalesce(name_folded, lower(name), '') like $2 escape '\\'
            or coalesce(push_name_folded, lower(push_name), '') like $2 escape '\\'
            or ('+' || coalesce(phone, '')) like $2 escape '\\')
          and (id < $3 or $3 is null)
        order by id desc limit $4";

    GET = "select id, phone, lid, name, push_name, labels, opted_out_at from contacts
        where business_id = $1 and id = $2";

    /// The share lock keeps the contact from being merged away before this transaction ends. (Asked for an order,
    /// SQLite would walk every contact of the business.)
    FIND = {
        sqlite: "select id, phone, lid, push_name from contacts
            where business_id = $1 and (phone = $2 or lid = $3)",
        postgres: "select id, phone, lid, push_name from contacts
            where business_id = $1 and (phone = $2 or lid = $3) order by id for key share",
    };

    INSERT = "insert into contacts (id, business_id, phone, lid, labels, created_at, updated_at)
        values ($1, $2, $3, $4, '[]', $5, $5) on conflict do nothing";

    /// What this session's phone book of identities knows of one half.
    OTHER_HALF = "select phone, lid from lid_map where session_id = $1 and (phone = $2 or lid = $3) limit 1";

    IDENTIFY = "update contacts set phone = $3, lid = $4, updated_at = $5 where business_id = $1 and id = $2";

    PUSH_NAME = "update contacts set push_name = $3, push_name_folded = $5, updated_at = $4
        where business_id = $1 and id = $2";

    /// The lock waits for every transaction that still writes to one of the two.
    LOCK = {
        sqlite: "select id from contacts where business_id = $1 and id in ($2, $3) order by id",
        postgres: "select id from contacts where business_id = $1 and id in ($2, $3) order by id for update",
    };

    DELETE = "delete from contacts where business_id = $1 and id = $2";

    /// Whatever the one that stays lacks, it gets from the other.
    INHERIT = "update contacts set
            name = coalesce(name, (select g.name from contacts g where g.id = $3)),
            name_folded = case when name is null
                then (select g.name_folded from contacts g where g.id = $3) else name_folded end,
            push_name_folded = case when push_name is null
                then (select g.push_name_folded from contacts g where g.id = $3) else push_name_folded end,
            push_name = coalesce(push_name, (select g.push_name from contacts g where g.id = $3)),
            labels = case when labels = '[]' then (select g.labels from contacts g where g.id = $3) else labels end,
            opted_out_at = coalesce(opted_out_at, (select g.opted_out_at from contacts g where g.id = $3)),
            updated_at = $4
        where business_id = $1 and id = $2";

    /// The chats of the two, each session's beside each other, locked in the order of their ids.
    CHATS = {
        sqlite: "select id, session_id, contact_id from chats
            where business_id = $1 and contact_id in ($2, $3) order by id",
        postgres: "select id, session_id, contact_id from chats
            where business_id = $1 and contact_id in ($2, $3) order by id for update",
    };

    MOVE_CHAT = "update chats set contact_id = $3 where business_id = $1 and id = $2";

    /// `$2`, `$3`: chat, its contact from now on.
    MOVE_MESSAGES = "update messages set contact_id = $3,
            sender_key = case when sender_key = 'me' then 'me' else $4 end
        where business_id = $1 and chat_id = $2";

    /// Of a message of ours that stands in both chats, the row that we sent stays, not its echo.
    DROP_ECHOES = "delete from messages where business_id = $1 and chat_id in ($2, $3) and source = 'phone'
        and exists (select 1 from messages o where o.business_id = messages.business_id
            and o.session_id = messages.session_id and o.chat_id in ($2, $3) and o.chat_id <> messages.chat_id
            and o.wa_id = messages.wa_id and o.direction = messages.direction and o.source <> 'phone')";

    /// A row of the kept chat that could not be decrypted gets the words of its twin.
    FILL_WAITING = "update messages set
            kind = (select o.kind from messages o where o.session_id = messages.session_id and o.chat_id = $3
                and o.wa_id = messages.wa_id and o.direction = messages.direction),
            text = (select o.text from messages o where o.session_id = messages.session_id and o.chat_id = $3
                and o.wa_id = messages.wa_id and o.direction = messages.direction),
            folded = (select o.folded from messages o where o.session_id = messages.session_id and o.chat_id = $3
                and o.wa_id = messages.wa_id and o.direction = messages.direction)
        where business_id = $1 and chat_id = $2 and kind = 'waiting'
          and exists (select 1 from messages o where o.session_id = messages.session_id and o.chat_id = $3
                and o.wa_id = messages.wa_id and o.direction = messages.direction and o.kind <> 'waiting')";

    DROP_TWINS = "delete from messages where business_id = $1 and chat_id = $3
        and exists (select 1 from messages o where o.session_id = messages.session_id and o.chat_id = $2
            and o.wa_id = messages.wa_id and o.direction = messages.direction)";

    /// Both chats' messages in one row of places, after every place taken so far: by time, and each chat's
    /// own order kept (its running latest time stands for a message that was stamped too early).
    INTERLEAVE = "update messages set chat_id = $2, position = $4 + placed.n
        from (select id, row_number() over (order by reached, chat_id, position) as n
              from (select id, chat_id, position,
                        max(created_at) over (partition by chat_id order by position) as reached
                    from messages where business_id = $1 and chat_id in ($2, $3)) as timed) as placed
        where messages.id = placed.id and messages.business_id = $1";

    LAST_PLACE = "select max(last_position) from chats where business_id = $1 and id in ($2, $3)";

    DELETE_CHAT = "delete from chats where business_id = $1 and id = $2";

    /// The counters of a merged chat, from its messages.
    RECOUNT = "update chats set
            unread = (select count(*) from messages m where m.chat_id = chats.id and m.status = 'received'),
            last_position = (select coalesce(max(m.position), 0) from messages m where m.chat_id = chats.id),
            bytes = (select coalesce(sum(octet_length(m.text)), 0) from messages m where m.chat_id = chats.id),
            last_message_id = (select m.id from messages m where m.chat_id = chats.id
                order by m.position desc limit 1),
            last_message_at = (select m.created_at from messages m where m.chat_id = chats.id
                order by m.position desc limit 1)
        where business_id = $1 and id = $2";

    HAS_UNSENT = "select chat_id from messages where business_id = $1 and session_id = $2 and chat_id = $3
        and status in ('queued', 'sending') limit 1";
}
