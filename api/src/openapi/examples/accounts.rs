//! Examples of signing in, people, keys and the business.

use serde_json::{Value, json};

use super::{AT, BUSINESS, ENTRY, INVITATION, KEY, LATER, USER, page};

pub(super) fn request(operation: &str) -> Option<Value> {
    Some(match operation {
        "setup" => json!({
            "token": "0Zk3uYb1Zf0d2mB6pM1xqg",
            "business_name": "Corner Café",
            "name": "Ada Levi",
            "email": "ada@example.com",
            "password": "correct horse battery",
        }),
        "login" => json!({"email": "ada@example.com", "password": "correct horse battery"}),
        "link" | "show_invitation" => json!({"token": TOKEN}),
        "accept_invitation" => json!({
            "token": TOKEN,
            "name": "Noa Cohen",
            "password": "a river under the bridge",
        }),
        "refresh" => json!({"refresh_token": TOKEN}),
        "switch_business" => json!({"business_id": BUSINESS}),
        "change_password" => json!({
            "current": "correct horse battery",
            "new": "a river under the bridge",
        }),
        "invite_member" => json!({"email": "noa@example.com", "role": "agent"}),
        "change_member" => json!({"role": "admin"}),
        "create_api_key" => json!({
            "name": "Web shop",
            "scopes": ["messages:write", "events:read"],
            "expires_at": LATER,
        }),
        "change_own_business" => json!({
            "name": "Corner Café",
            "retention": {"messages_days": 365, "events_days": null},
        }),
        _ => return None,
    })
}

pub(super) fn answer(operation: &str) -> Option<Value> {
    Some(match operation {
        "setup" | "login" | "link" | "accept_invitation" | "refresh" => signed_in(Some(TOKEN)),
        "switch_business" => signed_in(None),
        "setup_is_open" => json!({"open": false}),
        "show_invitation" => json!({
            "business": business(),
            "email": "noa@example.com",
            "role": "agent",
            "has_account": false,
            "expires_at": LATER,
        }),
        "me" => json!({
            "user": user(),
            "business": business(),
            "role": "owner",
            "permissions": ["messages:read", "messages:write", "sessions:read", "sessions:write"],
            "businesses": [{"business": business(), "role": "owner"}],
        }),
        "list_members" => page(&invited(), None),
        "invite_member" => json!({
            "id": INVITATION,
            "invite_url": format!("https://wa.example.com/invitation#token={TOKEN}"),
        }),
        "change_member" => json!({
            "id": USER,
            "state": "active",
            "name": "Noa Cohen",
            "email": "noa@example.com",
            "role": "admin",
            "created_at": AT,
            "expires_at": null,
        }),
        "list_api_keys" => page(&key(), None),
        "create_api_key" => json!({
            "id": KEY,
            "name": "Web shop",
            "scopes": ["messages:write", "events:read"],
            "expires_at": LATER,
            "secret": "sk_Zr0m4uT2yqJ8vWn1bXc5dKe7fLg9hMi0jNk2oPl4",
        }),
        "get_business" | "change_own_business" => own_business(),
        "list_audit" | "list_all_audit" => page(&entry(), Some("17")),
        _ => return None,
    })
}

/// Refresh tokens, links and invitations look alike.
const TOKEN: &str = "q3w0eR5tY7uI9oP1aS2dF4gH6jK8lZ0xC3vB5nM7";

fn user() -> Value {
    json!({"id": USER, "name": "Ada Levi", "email": "ada@example.com", "operator": false})
}

fn business() -> Value {
    json!({"id": BUSINESS, "name": "Corner Café"})
}

fn signed_in(refresh_token: Option<&str>) -> Value {
    json!({
        "user": user(),
        "business": business(),
        "access_token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJzd2l0Y2h5YXJkIn0.c2lnbmF0dXJl",
        "refresh_token": refresh_token,
        "expires_at": AT,
    })
}

fn invited() -> Value {
    json!({
        "id": INVITATION,
        "state": "invited",
        "name": null,
        "email": "noa@example.com",
        "role": "agent",
        "created_at": AT,
        "expires_at": LATER,
    })
}

fn key() -> Value {
    json!({
        "id": KEY,
        "name": "Web shop",
        "hint": "oPl4",
        "scopes": ["messages:write", "events:read"],
        "per_second": 100,
        "burst": 200,
        "created_by": USER,
        "created_at": AT,
        "expires_at": LATER,
        "last_used_at": null,
    })
}

fn own_business() -> Value {
    json!({
        "id": BUSINESS,
        "name": "Corner Café",
        "limits": {"sessions": 5, "messages_per_day": 10_000, "storage_bytes": 1_000_000_000, "concurrent_calls": 10},
        "retention": {"messages_days": 365, "events_days": null},
        "sessions": 1,
        "messages_today": 312,
        "storage_bytes": 41_802_117,
        "members": 2,
        "created_at": AT,
    })
}

fn entry() -> Value {
    json!({
        "id": ENTRY,
        "business_id": BUSINESS,
        "seq": 18,
        "at": AT,
        "actor_kind": "user",
        "actor_id": USER,
        "actor_name": "Ada Levi",
        "action": "api_key.created",
        "target": KEY,
        "detail": {"name": "Web shop", "scopes": ["messages:write", "events:read"]},
        "address": "203.0.113.7",
        "request_id": "req_01a1fe1868b77e40a9d8c1f2b3e4d5f6",
    })
}
