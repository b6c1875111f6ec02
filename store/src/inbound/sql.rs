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

    /// What a message at the place `$4` of a chat sets going: whether something of ours may have arrived without our
    /// knowing, and whether something waits that was held back while the person had never written.
    WAITING = "select
        exists (select 1 from messages
            where business_id = $1 and chat_id = $3 and status = 'sent' and direction = 'outbound') as undelivered,
        exists (select 1 from messages
            where business_id = $1 and session_id = $2 and chat_id = $3 and status in ('queued', 'sending'))
        and not exists (select 1 from messages
            where business_id = $1 and chat_id = $3 and direction = 'inbound' and position < $4) as held_back";
}
