//! Examples of calls, their numbers and flows.

use serde_json::{Value, json};
use switchyard_core::provider::TOLD;

use super::{AT, BUSINESS, NUMBER, page};

const CALL: &str = "CA0f2b6f6bb9a14d0c9a43a8cf1f1d7a10";

const ASKED: &str = "out:019a1fe1868b77e40a9d8c1f2b3e4d5f";

pub(super) fn request(operation: &str) -> Option<Value> {
    Some(match operation {
        "add_call_number" => json!({"phone": "+97231234567", "name": "Front desk"}),
        "place_call" => json!({
            "to": "+972501234567",
            "text": "Your order is ready at the front desk.",
        }),
        "put_call_flow" => json!({"version": 0, "flow": flow()}),
        "put_call_limit" => json!({"limit": 100}),
        _ => return None,
    })
}

pub(super) fn answer(operation: &str) -> Option<Value> {
    Some(match operation {
        "list_call_numbers" => page(&number(), None),
        "add_call_number" => number(),
        "get_call_flow" | "put_call_flow" => json!({"version": 1, "since": AT, "flow": flow()}),
        "place_call" => placed(),
        "hang_up_call" => hung_up(),
        "list_calls" => page(&call(), None),
        "get_call" => json!({
            "call": call(),
            "steps": [
                {"n": 1, "at": AT, "kind": "node", "node": "menu", "detail": null},
                {"n": 2, "at": AT, "kind": "recorded", "node": "voicemail", "detail": null},
            ],
        }),
        "call_load" => json!({"live": 1, "limit": 10, "minutes": [{"at": AT, "most": 3}]}),
        "list_slots" => json!({
            "live": 1,
            "limit": 50,
            "warming_s": 0,
            "data": [{
                "call_sid": CALL,
                "business_id": BUSINESS,
                "owner": "calls-1",
                "owner_lives": true,
                "phase": "voicemail",
                "age_s": 31,
                "left_s": 17,
            }],
        }),
        "get_call_limit" | "put_call_limit" => json!({"limit": 100, "live": 1}),
        _ => return None,
    })
}

pub(super) fn sid() -> Value {
    json!(CALL)
}

fn number() -> Value {
    let at = |route| format!("https://wa.example.com/twilio/{BUSINESS}/{route}");
    json!({
        "id": NUMBER, "phone": "+97231234567", "name": "Front desk",
        "webhooks": {
            "voice": at("voice"), "fallback": at("fallback"),
            "status": format!("{}{TOLD}", at("status")),
        },
        "created_at": AT,
    })
}

fn placed() -> Value {
    outgoing("queued", &json!(null), &json!(AT))
}

/// One that waited for a line.
fn hung_up() -> Value {
    outgoing("canceled", &json!(AT), &json!(null))
}

/// One that nobody was asked to place yet; `ended_at` if somebody took it back.
fn outgoing(state: &str, ended_at: &Value, waits_until: &Value) -> Value {
    json!({
        "call_sid": ASKED,
        "asked_as": ASKED,
        "business_id": BUSINESS,
        "direction": "outbound",
        "from": "+97231234567",
        "to": "+972501234567",
        "state": state,
        "started_at": AT,
        "answered_at": null,
        "ended_at": ended_at,
        "duration_s": null,
        "reason": ended_at.as_str().map(|_| "hung_up"),
        "recording": null,
        "waits_until": waits_until,
        "waits_for": null,
        "hangup_at": ended_at,
    })
}

fn call() -> Value {
    json!({
        "call_sid": CALL,
        "asked_as": null,
        "business_id": BUSINESS,
        "direction": "inbound",
        "from": "+972501234567",
        "to": "+97231234567",
        "state": "completed",
        "started_at": AT,
        "answered_at": AT,
        "ended_at": AT,
        "duration_s": 31,
        "reason": "voicemail",
        "recording": {
            "recording_sid": "REd1a1e1868b77e40a9d8c1f2b3e4d5060",
            "state": "ready",
            "duration_s": 12,
            "mime": "audio/wav",
            "bytes": 192_044,
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "created_at": AT,
        },
        "waits_until": null,
        "waits_for": null,
        "hangup_at": null,
    })
}

fn flow() -> Value {
    let days = json!([{"from": "09:00", "to": "18:00"}]);
    json!({
        "language": "en",
        "time_zone": "Asia/Jerusalem",
        "hours": {
            "mon": days, "tue": days, "wed": days, "thu": days, "sun": days,
            "fri": [{"from": "09:00", "to": "13:00"}], "sat": [],
        },
        "closures": [{"from": "2026-12-12", "to": "2026-12-13"}],
        "entry": {"open": "menu", "closed": "voicemail", "capacity": {"kind": "busy"}},
        "nodes": {
            "menu": {
                "kind": "menu",
                "prompt": "Corner Café. Press 1 to speak to us, or leave a message.",
                "options": {"1": "ring"},
                "timeout_s": 5,
                "retries": 2,
                "no_input": "voicemail",
            },
            "ring": {
                "kind": "dial",
                "targets": ["+972509999999"],
                "ring_s": 20,
                "whisper": true,
                "caller_id": "caller",
                "no_answer": "voicemail",
            },
            "voicemail": {
                "kind": "voicemail",
                "prompt": "Please leave a message after the tone.",
                "max_s": 120,
            },
        },
        "missed_call": {
            "enabled": true,
            "text": "Sorry that we missed your call. How can we help?",
            "window_h": 6,
            "session_id": null,
            "quiet": {"from": "22:00", "to": "07:00"},
        },
        "recording": {"keep_days": 90, "delete_at_provider": true},
    })
}
