//! Examples of what operators do, of reasons and of health.

use serde_json::{Value, json};

use super::{AT, BUSINESS, USER, page};

pub(super) fn request(operation: &str) -> Option<Value> {
    Some(match operation {
        "create_business" => json!({
            "name": "Corner Café",
            "limits": {"sessions": 5, "messages_per_day": 10_000, "storage_bytes": 1_000_000_000, "concurrent_calls": 10},
            "owner_email": "ada@example.com",
        }),
        "change_business" | "change_user" => json!({"status": "suspended"}),
        "move_business" => json!({"shard": 2, "dry_run": false}),
        _ => return None,
    })
}

pub(super) fn answer(operation: &str) -> Option<Value> {
    Some(match operation {
        "list_businesses" => page(&tenant("active"), None),
        "move_business" => business_move("moving", 0),
        "get_move" => business_move("done", 3),
        "drain_shard" | "get_drain" => json!({
            "number": 1,
            "state": "draining",
            "moved": 96,
            "total": 412,
            "seconds_left": 14,
            "waiting_for_room": 0,
        }),
        "list_shards" => page(&shard(), None),
        "get_tenant" => tenant("active"),
        "list_users" => page(&account("active"), None),
        "change_user" => account("suspended"),
        "change_business" => tenant("suspended"),
        "create_business" => {
            let mut made = tenant("active");
            let token = "q3w0eR5tY7uI9oP1aS2dF4gH6jK8lZ0xC3vB5nM7";
            let link = format!("https://wa.example.com/invitation#token={token}");
            if let Value::Object(fields) = &mut made {
                fields.insert("invite_url".to_owned(), json!(link));
            }
            made
        }
        "reasons" => page(
            &json!({
                "code": "link_expired",
                "about": "session",
                "state": "disconnected",
                "sentence": {"en": "The code ran out.", "he": "תוקף הקוד פג."},
                "next_step": {"en": "Try again.", "he": "נסו שוב."},
            }),
            None,
        ),
        "health" => json!({
            "status": "ok",
            "version": "0.1.0",
            "role": "api",
            "sim": false,
            "fail_points": false,
        }),
        "health_ready" => json!({
            "status": "ready",
            "checks": {
                "database": {"ok": true, "detail": "answers"},
                "storage": {"ok": true, "detail": "has room"},
            },
        }),
        _ => return None,
    })
}

fn account(status: &str) -> Value {
    json!({
        "id": USER,
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "operator": false,
        "status": status,
        "businesses": 2,
        "created_at": AT,
    })
}

fn tenant(status: &str) -> Value {
    json!({
        "id": BUSINESS,
        "name": "Corner Café",
        "status": status,
        "shard": null,
        "held_by": null,
        "limits": {"sessions": 5, "messages_per_day": 10_000, "storage_bytes": 1_000_000_000, "concurrent_calls": 10},
        "sessions": 1,
        "members": 2,
        "created_at": AT,
    })
}

fn business_move(state: &str, moved: u32) -> Value {
    json!({"id": BUSINESS, "shard": 2, "state": state, "moved": moved, "total": 3})
}

fn shard() -> Value {
    json!({
        "number": 1,
        "state": "live",
        "incarnation": "7f9c2ba4-e88f-427d-8c61-3dbd0e0d5b1a",
        "url": "http://10.0.0.11:8081",
        "sessions": 412,
        "capacity": 1_000,
        "lease_age_ms": 1_830,
        "cpu": 0.42,
        "rss_bytes": 151_322_624,
        "messages_per_s": 96.5,
    })
}
