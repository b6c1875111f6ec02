//! An example of what each operation takes and answers. A test of the dashboard's packages holds every one against its
//! schema, with no field left out and none too many.

use serde_json::{Value, json};

mod accounts;
mod calls;
mod messaging;
mod platform;
mod queues;

const BUSINESS: &str = "biz_01a1fe1868b77e40a9d8c1f2b3e4d501";
const SESSION: &str = "ses_01a1fe1868b77e40a9d8c1f2b3e4d502";
const CHAT: &str = "chat_01a1fe1868b77e40a9d8c1f2b3e4d503";
const MESSAGE: &str = "msg_01a1fe1868b77e40a9d8c1f2b3e4d504";
const CONTACT: &str = "con_01a1fe1868b77e40a9d8c1f2b3e4d505";
const USER: &str = "usr_01a1fe1868b77e40a9d8c1f2b3e4d506";
const KEY: &str = "key_01a1fe1868b77e40a9d8c1f2b3e4d507";
const INVITATION: &str = "inv_01a1fe1868b77e40a9d8c1f2b3e4d508";
const EVENT: &str = "evt_01a1fe1868b77e40a9d8c1f2b3e4d509";
const JOB: &str = "job_01a1fe1868b77e40a9d8c1f2b3e4d50b";
const NUMBER: &str = "num_01a1fe1868b77e40a9d8c1f2b3e4d50c";
const ENTRY: &str = "aud_01a1fe1868b77e40a9d8c1f2b3e4d50a";

/// When the examples happened, and what ended later.
const AT: &str = "2026-11-21T12:32:52.835Z";
const LATER: &str = "2026-11-28T12:32:52.835Z";

/// What an operation takes.
pub(super) fn request(operation: &str) -> Option<Value> {
    accounts::request(operation)
        .or_else(|| messaging::request(operation))
        .or_else(|| platform::request(operation))
        .or_else(|| queues::request(operation))
        .or_else(|| calls::request(operation))
}

/// What an operation answers when it succeeds.
pub(super) fn answer(operation: &str) -> Option<Value> {
    accounts::answer(operation)
        .or_else(|| messaging::answer(operation))
        .or_else(|| platform::answer(operation))
        .or_else(|| queues::answer(operation))
        .or_else(|| calls::answer(operation))
}

/// A parameter: of a path by what its description says it names.
pub(super) fn parameter(name: &str, description: &str) -> Option<Value> {
    let ids = [
        (BUSINESS, "`biz_"),
        (SESSION, "`ses_"),
        (CHAT, "`chat_"),
        (MESSAGE, "`msg_"),
        (CONTACT, "`con_"),
        (USER, "`usr_"),
        (KEY, "`key_"),
        (JOB, "`job_"),
        (NUMBER, "`num_"),
    ];
    match name {
        "id" => (ids.iter())
            .find(|(_, prefix)| description.starts_with(prefix))
            .map(|(id, _)| json!(id)),
        "call_sid" => Some(calls::sid()),
        "queue" => Some(json!("high")),
        "session_id" => Some(json!(SESSION)),
        "Idempotency-Key" => Some(json!("order-17")),
        "Last-Event-ID" | "after" if !description.contains("ETag") => Some(json!(41)),
        "limit" => Some(json!(50)),
        "number" => Some(json!(1)),
        "wait" => Some(json!(20)),
        _ => None,
    }
}

/// A page of a list with one row.
fn page(row: &Value, next_cursor: Option<&str>) -> Value {
    json!({"data": [row], "next_cursor": next_cursor})
}
