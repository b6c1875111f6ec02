//! Who may do what: walked over every route of the description.

use serde_json::{Value, json};
use switchyard_core::permission::{Role, Scope};

use crate::app::{Client, TestApp};

/// Every operation: method, path, the scope that it names if it needs a credential.
fn operations() -> Vec<(String, String, Option<String>)> {
    let description = serde_json::to_value(api::openapi()).unwrap();
    let mut found = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let scope = operation["security"][0]["bearer"].as_array().map(|scopes| {
                let scope = scopes.first().and_then(Value::as_str);
                scope.unwrap_or_default().to_owned()
            });
            found.push((method.clone(), path.clone(), scope));
        }
    }
    assert!(found.len() > 25, "{found:?}");
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_of_a_business_wants_a_credential() {
    let app = TestApp::start().await;
    let public = ["/v1/auth/", "/v1/reasons", "/livez", "/health"];
    for (method, path, scope) in operations() {
        if scope.is_none() {
            assert!(
                public.iter().any(|it| path.starts_with(it)),
                "{path} is public by mistake"
            );
            continue;
        }
        let path = path.replace("{id}", "x");
        for stranger in [app.anonymous(), app.anonymous().with("sk_unknown")] {
            let answer = stranger.send(&method, &path, &json!("rubbish")).await;
            assert_eq!(answer.status, 401, "{method} {path}: {:?}", answer.body);
        }
    }
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_does_what_its_scopes_name_and_an_agent_what_the_role_names() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let agent = app.user(&app.agent(ada.business).await).await;
    for (method, path, scope) in operations() {
        let Some(scope) = scope.as_deref().and_then(Scope::parse) else {
            continue;
        };
        if path == "/v1/events/stream" {
            continue;
        }
        let path = path.replace("{id}", "x");
        let others: Vec<Scope> = Scope::ALL.into_iter().filter(|it| *it != scope).collect();
        let (_, without) = app.key(ada.business, &others).await;
        let (_, with) = app.key(ada.business, &[scope]).await;
        let refused = without.send(&method, &path, &json!({})).await;
        assert_eq!(
            (refused.status, refused.code()),
            (403, "forbidden"),
            "{method} {path}"
        );
        assert!(
            refused.body["detail"]
                .as_str()
                .unwrap()
                .contains(scope.name())
        );
        assert_ne!(
            with.send(&method, &path, &json!({})).await.status,
            403,
            "{method} {path}"
        );
        let as_agent = agent.send(&method, &path, &json!({})).await.status;
        assert_eq!(
            as_agent == 403,
            scope.least_role() > Role::Agent,
            "{method} {path}"
        );
    }
    app.end().await;
}

/// One thing of each kind, in this client's business.
async fn things(client: &Client) -> Vec<(&'static str, String)> {
    let text = |body: &Value, field: &str| body[field].as_str().unwrap().to_owned();
    let session = client
        .post("/v1/sessions", &json!({"name": "Front desk"}))
        .await
        .body;
    let message = client
        .post(
            "/v1/messages",
            &json!({"to": "+972501234567", "text": "hello"}),
        )
        .await
        .body;
    let contacts = client.get("/v1/contacts").await.body;
    vec![
        ("/v1/sessions", text(&session, "id")),
        ("/v1/messages", text(&message, "id")),
        ("/v1/chats", text(&message, "chat_id")),
        ("/v1/contacts", text(&contacts["data"][0], "id")),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_belongs_to_another_business_does_not_exist() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let eve = app.business("eve@example.com").await;
    let owner = app.user(&ada.user).await;
    let other = app.user(&eve.user).await;
    let things = things(&owner).await;
    let mut tried = 0;
    for (method, path, _) in operations() {
        let Some((_, id)) = things
            .iter()
            .find(|(kind, _)| path.starts_with(&format!("{kind}/{{id}}")))
        else {
            continue;
        };
        let path = path.replace("{id}", id);
        let answer = other.send(&method, &path, &json!({"name": "Mine"})).await;
        assert_eq!(
            (answer.status, answer.code()),
            (404, "not_found"),
            "{method} {path}"
        );
        tried += 1;
    }
    assert!(tried >= 11, "{tried}");
    for list in [
        "/v1/sessions",
        "/v1/chats",
        "/v1/contacts",
        "/v1/chats?q=hello",
    ] {
        assert_eq!(other.get(list).await.body["data"], json!([]), "{list}");
    }
    let session = things[0].1.as_str();
    let borrowed = json!({"session_id": session, "to": "+972501234567", "text": "hello"});
    assert_eq!(
        other.post("/v1/messages", &borrowed).await.code(),
        "not_found"
    );
    assert_eq!(
        owner.get("/v1/sessions").await.body["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let foreign = other.get("/v1/events?after=0").await.body;
    assert_eq!(
        (&foreign["data"], foreign["next_cursor"].as_str()),
        (&json!([]), Some("0"))
    );
    app.end().await;
}
