//! Operators: businesses made, limited and suspended; what is noted of it; and what a limited business is told.

use serde_json::{Value, json};
use store::accounts;
use switchyard_core::Timestamp;
use switchyard_core::permission::Scope;

use crate::app::{Client, TestApp};

/// An owner who operates the platform, signed in.
pub(crate) async fn operator(app: &TestApp) -> Client {
    let olga = app.business("olga@example.com").await;
    let made = accounts::set_operator(&app.store, Timestamp::now(), "olga@example.com", true);
    assert!(made.await.unwrap());
    app.user(&olga.user).await
}

async fn actions(client: &Client, path: &str) -> Vec<String> {
    let page = client.get(path).await.body;
    let rows = page["data"].as_array().unwrap().iter();
    rows.map(|row| row["action"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_makes_a_business_and_its_owner_moves_in() {
    let app = TestApp::start().await;
    let operator = operator(&app).await;
    let body = json!({
        "name": "Bakery", "shard": 3, "limits": {"sessions": 2, "concurrent_calls": 4}, "owner_email": "ben@example.com",
    });
    let made = operator.post("/v1/admin/businesses", &body).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    assert_eq!(
        (&made.body["shard"], &made.body["status"]),
        (&json!(3), &json!("active"))
    );
    let limits = json!({"sessions": 2, "messages_per_day": null, "storage_bytes": null, "concurrent_calls": 4});
    assert_eq!(made.body["limits"], limits);
    let url = made.body["invite_url"].as_str().unwrap();
    let token = url.split_once("#token=").unwrap().1;
    let body = json!({"token": token, "name": "Ben", "password": "correct horse battery"});
    let joined = app.anonymous().post("/v1/auth/invitation", &body).await;
    assert_eq!(joined.status, 201, "{:?}", joined.body);
    let ben = app
        .anonymous()
        .with(joined.body["access_token"].as_str().unwrap());
    let own = ben.get("/v1/business").await.body;
    assert_eq!((&own["name"], &own["limits"]), (&json!("Bakery"), &limits));
    let renamed = ben
        .send("PATCH", "/v1/business", &json!({"name": "Big bakery"}))
        .await;
    assert_eq!(
        (renamed.status, &renamed.body["name"]),
        (200, &json!("Big bakery"))
    );

    let found = operator.get("/v1/admin/businesses?q=BIG").await.body;
    assert_eq!(found["data"][0]["id"], made.body["id"]);
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    let noted = [
        "business.renamed",
        "member.joined",
        "member.invited",
        "business.created",
    ];
    assert_eq!(actions(&ben, "/v1/audit").await, noted);
    let entry = &ben.get("/v1/audit?limit=1").await.body;
    assert_eq!(
        entry["data"][0]["detail"],
        json!({"before": "Bakery", "after": "Big bakery"})
    );
    assert_eq!(entry["data"][0]["actor_name"], "Ben");
    let older = entry["next_cursor"].as_str().unwrap();
    assert_eq!(
        actions(&ben, &format!("/v1/audit?cursor={older}")).await,
        noted[1..]
    );
    assert!(actions(&operator, "/v1/admin/audit").await.len() > noted.len());
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_business_is_closed_at_once_and_opens_again() {
    let app = TestApp::start().await;
    let operator = operator(&app).await;
    let ada = app.business("ada@example.com").await;
    let owner = app.user(&ada.user).await;
    let (_, key) = app.key(ada.business, &Scope::ALL).await;
    let path = format!("/v1/admin/businesses/{}", ada.business);
    for (status, expected) in [("suspended", 401), ("active", 200)] {
        let changed = operator
            .send("PATCH", &path, &json!({"status": status}))
            .await;
        assert_eq!(
            (changed.status, &changed.body["status"]),
            (200, &json!(status))
        );
        for client in [&owner, &key] {
            assert_eq!(
                client.get("/v1/sessions").await.status,
                expected,
                "{status}"
            );
        }
    }
    let own = operator.get("/v1/me").await.body;
    let own = format!(
        "/v1/admin/businesses/{}",
        own["business"]["id"].as_str().unwrap()
    );
    let locked_out = operator
        .send("PATCH", &own, &json!({"status": "suspended"}))
        .await;
    assert_eq!(
        (locked_out.status, locked_out.code()),
        (409, "own_business")
    );
    assert_eq!(
        actions(&owner, "/v1/audit").await[..2],
        ["business.resumed", "business.suspended"]
    );
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_business_at_its_limit_is_told_so() {
    let app = TestApp::start().await;
    let operator = operator(&app).await;
    let ada = app.business("ada@example.com").await;
    let (_, key) = app.key(ada.business, &Scope::ALL).await;
    let limit = async |limits: Value| {
        let path = format!("/v1/admin/businesses/{}", ada.business);
        let changed = operator
            .send("PATCH", &path, &json!({"limits": limits}))
            .await;
        assert_eq!(changed.status, 200, "{:?}", changed.body);
    };
    let number = json!({"name": "Front desk"});
    let text = json!({"to": "+972501234567", "text": "hello"});
    assert_eq!(key.post("/v1/sessions", &number).await.status, 201);
    assert_eq!(key.post("/v1/messages", &text).await.status, 202);
    limit(json!({"sessions": 1, "messages_per_day": 3})).await;
    let refused = key.post("/v1/sessions", &number).await;
    assert_eq!((refused.status, refused.code()), (429, "quota_exceeded"));
    let tries = (0..8).map(|_| {
        let (key, text) = (key.clone(), text.clone());
        tokio::spawn(async move { key.post("/v1/messages", &text).await.status })
    });
    let mut accepted = 0;
    for one in tries.collect::<Vec<_>>() {
        accepted += u32::from(one.await.unwrap() == 202);
    }
    assert_eq!(accepted, 2, "the one before the limit was set counts");
    let refused = key.post("/v1/messages", &text).await;
    assert_eq!((refused.status, refused.code()), (429, "quota_exceeded"));
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=86_400).contains(&wait), "{wait}");
    limit(json!({})).await;
    assert_eq!(key.post("/v1/messages", &text).await.status, 202);
    let kept = key.get("/v1/business").await.body["storage_bytes"].clone();
    assert_eq!(kept, 4 * "hello".len());
    limit(json!({"storage_bytes": kept})).await;
    let refused = key.post("/v1/messages", &text).await;
    assert_eq!((refused.status, refused.code()), (429, "quota_exceeded"));
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains("bytes"), "{detail}");
    let endless = json!({"limits": {"storage_bytes": u64::MAX}});
    let path = format!("/v1/admin/businesses/{}", ada.business);
    assert_eq!(operator.send("PATCH", &path, &endless).await.status, 400);
    limit(json!({"storage_bytes": 1_000_000})).await;
    assert_eq!(key.post("/v1/messages", &text).await.status, 202);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_audit_log_is_filtered_by_hand_act_and_time() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let owner = app.user(&ada.user).await;
    let made = json!({"name": "robot", "scopes": ["events:read"]});
    for name in ["First", "Second"] {
        let body = json!({"name": name});
        let renamed = owner.send("PATCH", "/v1/business", &body).await;
        assert_eq!(renamed.status, 200);
        assert_eq!(owner.post("/v1/api-keys", &made).await.status, 201);
    }
    let renames = "/v1/audit?action=business.renamed";
    assert_eq!(actions(&owner, renames).await, ["business.renamed"; 2]);
    let first = owner.get(&format!("{renames}&limit=1")).await.body;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = owner
        .get(&format!("{renames}&limit=1&cursor={cursor}"))
        .await
        .body;
    assert_eq!(second["data"][0]["detail"]["after"], "First");
    assert_eq!(second["next_cursor"], Value::Null);

    let hers = format!("/v1/audit?actor={}", ada.user.id);
    assert_eq!(
        actions(&owner, &hers).await.len(),
        4,
        "making the business was nobody's act"
    );
    let nobody = format!("/v1/audit?actor={}", switchyard_core::KeyId::generate());
    assert!(actions(&owner, &nobody).await.is_empty());
    let at = first["data"][0]["at"].as_str().unwrap();
    let since = actions(&owner, &format!("/v1/audit?since={at}")).await;
    let until = actions(&owner, &format!("/v1/audit?until={at}")).await;
    assert_eq!(since.len() + until.len(), 5, "{since:?} {until:?}");
    assert!(since.len() <= 2 && !since.is_empty(), "{since:?}");
    for wrong in ["actor=ses_1", "action=nothing", "since=yesterday"] {
        let refused = owner.get(&format!("/v1/audit?{wrong}")).await;
        assert_eq!(refused.code(), "invalid_request", "{wrong}");
    }
    let operator = operator(&app).await;
    let all = format!("/v1/admin/audit?actor={}", ada.user.id);
    assert_eq!(actions(&operator, &all).await.len(), 4);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_business_sees_how_many_messages_it_sent_today() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let (_, key) = app.key(ada.business, &Scope::ALL).await;
    let used = async || key.get("/v1/business").await.body["messages_today"].clone();
    assert_eq!(used().await, 0);
    key.post("/v1/sessions", &json!({"name": "Front desk"}))
        .await;
    for _ in 0..2 {
        let body = json!({"to": "+972501234567", "text": "hello"});
        assert_eq!(key.post("/v1/messages", &body).await.status, 202);
    }
    assert_eq!(used().await, 2);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_sees_the_shards_and_an_owner_does_not() {
    let app = TestApp::start().await;
    let operator = operator(&app).await;
    let ada = app.business("ada@example.com").await;
    let (_, key) = app.key(ada.business, &Scope::ALL).await;
    let made = key.post("/v1/sessions", &json!({"name": "Desk"})).await;
    let session = made.body["id"].as_str().unwrap().parse().unwrap();
    app.hold(session, 1).await;
    let shards = operator.get("/v1/admin/shards").await;
    assert_eq!(shards.status, 200, "{:?}", shards.body);
    let shard = &shards.body["data"][0];
    assert_eq!(shard["number"], 1);
    assert_eq!(shard["state"], "live");
    assert_eq!(
        (&shard["sessions"], &shard["capacity"]),
        (&json!(1), &json!(10))
    );
    assert!(shard["lease_age_ms"].as_u64().unwrap() < 60_000, "{shard}");
    let owner = app.user(&ada.user).await;
    assert_eq!(owner.get("/v1/admin/shards").await.status, 403);
    app.end().await;
}
