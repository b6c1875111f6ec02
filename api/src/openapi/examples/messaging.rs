//! Examples of numbers, messages, conversations and events.

use serde_json::{Value, json};

use super::{AT, BUSINESS, CHAT, CONTACT, EVENT, LATER, MESSAGE, SESSION, page};

pub(super) fn request(operation: &str) -> Option<Value> {
    Some(match operation {
        "create_session" | "rename_session" => json!({"name": "Front desk"}),
        "send_message" => json!({
            "session_id": SESSION,
            "to": "+447700900201",
            "text": "Your order is ready",
            "expires_in": 3_600,
        }),
        _ => return None,
    })
}

pub(super) fn answer(operation: &str) -> Option<Value> {
    Some(match operation {
        "list_sessions" => page(&session("connected", None), None),
        "create_session" => session("created", None),
        "get_session" | "rename_session" => session("connected", None),
        "connect_session" | "restart_session" => session("connecting", None),
        "disconnect_session" => session("disconnected", Some("by_user")),
        "logout_session" => session("logged_out", Some("by_user")),
        "session_qr" => json!({
            "state": "awaiting_scan",
            "reason": null,
            "qr": "2@yP0C3o5rXq…,kQ8f…,Zt1n…,c5Jw…",
            "expires_at": AT,
            "codes_left": 5,
        }),
        "send_message" => message("queued"),
        "get_message" => message("delivered"),
        "list_chat_messages" => page(&message("delivered"), Some("1")),
        "list_chats" => page(&chat(), None),
        "get_chat" | "read_chat" => chat(),
        "list_contacts" => page(&contact(), None),
        "get_contact" => contact(),
        "list_events" => page(&event(), Some("42")),
        "stream_events" => json!(format!(
            "retry: 1000\n: open\n\nid: 42\ndata: {}\n\n",
            event()
        )),
        _ => return None,
    })
}

fn session(state: &str, reason: Option<&str>) -> Value {
    let is_linked = state == "connected";
    json!({
        "id": SESSION,
        "business_id": BUSINESS,
        "name": "Front desk",
        "phone": is_linked.then_some("+447700900100"),
        "state": state,
        "reason": reason,
        "since": AT,
        "until": null,
        "shard": null,
        "messages_today": if is_linked { 12 } else { 0 },
        "phone_seen_at": is_linked.then_some(AT),
    })
}

fn message(status: &str) -> Value {
    let is_delivered = status == "delivered";
    json!({
        "id": MESSAGE,
        "session_id": SESSION,
        "chat_id": CHAT,
        "wa_id": "3EB04083E27DDE29BF363C",
        "direction": "outbound",
        "kind": "text",
        "from": "+447700900100",
        "to": "+447700900201",
        "text": "Your order is ready",
        "media": null,
        "reply_to": null,
        "status": status,
        "error": null,
        "source": "api",
        "position": 1,
        "expires_at": LATER,
        "created_at": AT,
        "sent_at": is_delivered.then_some(AT),
        "delivered_at": is_delivered.then_some(AT),
        "read_at": null,
    })
}

fn chat() -> Value {
    json!({
        "id": CHAT,
        "session_id": SESSION,
        "contact_id": CONTACT,
        "kind": "person",
        "phone": "+447700900201",
        "lid": "100000000000201",
        "name": "Ben",
        "unread": 0,
        "last_message": message("delivered"),
        "last_message_at": AT,
        "found": null,
    })
}

fn contact() -> Value {
    json!({
        "id": CONTACT,
        "phone": "+447700900201",
        "lid": "100000000000201",
        "name": "Ben",
        "labels": [],
        "opted_out_at": null,
    })
}

fn event() -> Value {
    json!({
        "id": EVENT,
        "seq": 42,
        "type": "message.status",
        "at": AT,
        "business_id": BUSINESS,
        "session_id": SESSION,
        "data": message("delivered"),
    })
}
