//! Examples of what operators do with queues and dead letters.

use serde_json::{Value, json};

use super::{AT, BUSINESS, CHAT, JOB, LATER, SESSION, page};

pub(super) fn request(operation: &str) -> Option<Value> {
    Some(match operation {
        "retry_dead_letters" => json!({
            "queue": "high",
            "kind": "drain_chat",
            "business_id": BUSINESS,
            "error": "shard_unreachable",
            "since": AT,
            "until": LATER,
        }),
        _ => return None,
    })
}

pub(super) fn answer(operation: &str) -> Option<Value> {
    Some(match operation {
        "list_queues" => page(&queue(false), None),
        "resume_queue" => queue(false),
        "pause_queue" => queue(true),
        "queue_minutes" => page(
            &json!({"at": AT, "done": 5_210, "failed": 12, "dead": 0, "depth": 40, "oldest_s": 0}),
            None,
        ),
        "list_dead_letters" => page(
            &json!({
                "id": JOB,
                "queue": "high",
                "kind": "drain_chat",
                "business_id": BUSINESS,
                "payload": {"kind": "drain_chat", "session": SESSION, "chat": CHAT},
                "attempts": 10,
                "error": "shard_unreachable",
                "created_at": AT,
                "died_at": LATER,
            }),
            None,
        ),
        "retry_dead_letter" | "retry_dead_letters" => json!({"retried": 1, "left": false}),
        _ => return None,
    })
}

fn queue(paused: bool) -> Value {
    json!({
        "queue": "high",
        "group": "high",
        "waiting": 40,
        "running": 8,
        "dead": 1,
        "oldest_s": 0,
        "arriving_per_s": 86.9,
        "leaving_per_s": 86.5,
        "failing_per_s": 0.2,
        "done_total": 1_204_991,
        "failed_total": 208,
        "dead_total": 1,
        "paused": paused,
        "paused_at": paused.then_some(AT),
        "workers": 2,
    })
}
