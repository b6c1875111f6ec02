//! Statements on inbound messages.

use crate::statement::statements;

statements! {
    /// The row that this message is already.
    TWIN = "select id, kind from messages
        where business_id = $1 and session_id = $2 and wa_id = $3 and chat_id = $4 and sender_key = $5";

    FILL = "update messages set kind = $3, text = $4
        where business_id = $1 and id = $2 and kind = 'waiting'";

    UNDELIVERED = "select id from messages where business_id = $1 and chat_id = $2 and status = 'sent'
        and direction = 'outbound' limit 1";
}
