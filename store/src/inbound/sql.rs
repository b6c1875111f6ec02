//! Statements on inbound messages.

use crate::messages::row::message_columns;
use crate::statement::statements;

statements! {
    /// The row that this message is already.
    TWIN = "select id, kind from messages
        where business_id = $1 and session_id = $2 and wa_id = $3 and chat_id = $4 and sender_key = $5";

    KNOWN = "select m.id from messages m join contacts c on c.id = m.contact_id
        where m.business_id = $1 and m.session_id = $2 and m.wa_id = $3 and m.kind <> 'waiting'
          and m.direction = $4 and (c.phone = $5 or c.lid = $6) limit 1";

    FILL = (concat!("update messages set kind = $3, text = $4, folded = $5
        where business_id = $1 and id = $2 and kind = 'waiting' returning ", message_columns!()));

    /// What an answer sets going in a chat: whether something of ours among the newest may have arrived without our
    /// knowing, and whether something is to be sent. (Only the newest are looked at: whatever is older was asked about
    /// when the first reply to it came.)
    WAITING = "select
        exists (select 1 from (select direction, status from messages
                where business_id = $1 and chat_id = $3 order by position desc limit 20) as newest
            where direction = 'outbound' and status = 'sent') as undelivered,
        exists (select 1 from messages
            where business_id = $1 and session_id = $2 and chat_id = $3 and status in ('queued', 'sending')) as unsent";
}
