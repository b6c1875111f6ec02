//! Who may do what: every operation of the description × every credential × the own and another business.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use store::accounts::User;
use store::members;
use switchyard_core::BusinessId;
use switchyard_core::permission::{Permission, Role, Scope};

use crate::app::{Answer, Client, TestApp};
use crate::database::Engine;
use crate::operating::operator;
use crate::targets::Targets;

/// Runs each check on both engines: on Postgres the second wall between businesses stands as well.
macro_rules! on_both_engines {
    ($($check:ident,)*) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                super::$check(super::TestApp::start().await).await;
            })*
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                let engine = super::Engine::Postgres;
                super::$check(super::TestApp::start_on(engine, |_| ()).await).await;
            })*
        }
    };
}

on_both_engines! {
    every_operation_is_allowed_to_whom_the_table_names_and_to_nobody_else,
    lists_events_and_the_live_stream_hold_nothing_of_another_business,
    an_idempotency_key_means_something_to_its_sender_alone,
    a_number_of_another_business_cannot_be_borrowed,
    operators_alone_see_where_a_number_is_held,
}

/// An operation of the description.
struct Operation {
    method: String,
    path: String,
    needs: Needs,
}

/// What an operation asks of its caller.
#[derive(Clone, Copy, PartialEq)]
enum Needs {
    Nothing,
    Credential,
    Permission(Permission),
}

/// What nobody needs a credential for.
pub(crate) const PUBLIC: [&str; 11] = [
    "get /health",
    "get /health/ready",
    "get /livez",
    "get /v1/auth/setup",
    "get /v1/reasons",
    "post /v1/auth/invitation",
    "post /v1/auth/invitation/show",
    "post /v1/auth/link",
    "post /v1/auth/login",
    "post /v1/auth/refresh",
    "post /v1/auth/setup",
];

/// What people do and API keys never.
const PEOPLE: [&str; 3] = [
    "post /v1/auth/logout",
    "post /v1/me/business",
    "post /v1/me/password",
];

/// What names something of the business in its body.
const NAMES_HERS: [&str; 3] = [
    "post /v1/calls",
    "post /v1/me/business",
    "post /v1/messages",
];

fn operations() -> Vec<Operation> {
    let description = serde_json::to_value(api::openapi()).unwrap();
    let mut found = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let names = operation["security"][0]["bearer"].as_array();
            let needs = match names.map(|names| names.first()) {
                None => Needs::Nothing,
                Some(None) => Needs::Credential,
                Some(Some(name)) => {
                    Needs::Permission(serde_json::from_value(name.clone()).unwrap())
                }
            };
            found.push(Operation {
                method: method.clone(),
                path: path.clone(),
                needs,
            });
        }
    }
    assert!(found.len() > 35, "{}", found.len());
    // It ends the credential that the others are tried with.
    found.sort_by_key(|operation| operation.name() == "post /v1/auth/logout");
    found
}

impl Operation {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// Somebody with a credential of a business, and what the table says of them.
struct Hand {
    what: String,
    client: Client,
    person: Option<Role>,
    operates: bool,
    scopes: Vec<Scope>,
}

impl Hand {
    fn may(&self, permission: Permission) -> bool {
        match self.person {
            Some(role) => permission.is_given_to(role, self.operates),
            None => permission.is_in(&self.scopes),
        }
    }
}

/// One person of each role, and one key of each scope.
async fn hands(app: &TestApp, business: BusinessId, owner: &User) -> Vec<Hand> {
    let mut hands = Vec::new();
    for role in [Role::Agent, Role::Admin, Role::Owner] {
        let user = match role {
            Role::Owner => owner.clone(),
            other => app.member(business, other).await,
        };
        hands.push(Hand {
            what: format!("an {}", role.name()),
            client: app.user(&user).await,
            person: Some(role),
            operates: false,
            scopes: Vec::new(),
        });
    }
    for scope in Scope::ALL {
        hands.push(Hand {
            what: format!("a key of {}", scope.name()),
            client: app.key(business, &[scope]).await.1,
            person: None,
            operates: false,
            scopes: vec![scope],
        });
    }
    hands
}

/// An operator, who owns a business besides.
async fn operating(app: &TestApp) -> Hand {
    Hand {
        what: "an operator".to_owned(),
        client: operator(app).await,
        person: Some(Role::Owner),
        operates: true,
        scopes: Vec::new(),
    }
}

/// What this hand is answered with, when the thing is in its own business.
fn check_own(operation: &Operation, hand: &Hand, answer: &Answer) {
    let seen = format!("{} by {}: {:?}", operation.name(), hand.what, answer.body);
    let people_only = PEOPLE.contains(&operation.name().as_str());
    match operation.needs {
        Needs::Permission(permission) if !hand.may(permission) => {
            assert_eq!((answer.status, answer.code()), (403, "forbidden"), "{seen}");
            let detail = answer.body["detail"].as_str().unwrap();
            assert!(detail.contains(permission.name()), "{seen}");
        }
        Needs::Credential if people_only && hand.person.is_none() => {
            assert_eq!(answer.status, 403, "{seen}");
        }
        _ => assert!(answer.status < 400 || answer.status == 409, "{seen}"),
    }
    assert!(!answer.header("ratelimit-limit").is_empty(), "{seen}");
    assert!(!answer.header("ratelimit-remaining").is_empty(), "{seen}");
}

/// What people and keys of another business are answered with.
async fn check_others(operation: &Operation, others: &[Hand], path: &str, body: &Value) {
    let name = operation.name();
    for hand in others {
        let answer = hand.client.send(&operation.method, path, body).await;
        let allowed = match operation.needs {
            Needs::Permission(permission) => hand.may(permission),
            _ => hand.person.is_some() || !PEOPLE.contains(&name.as_str()),
        };
        let expected = if allowed {
            (404, "not_found")
        } else {
            (403, "forbidden")
        };
        let seen = format!("{name} by {} of another business", hand.what);
        assert_eq!(
            (answer.status, answer.code()),
            expected,
            "{seen}: {:?}",
            answer.body
        );
    }
}

async fn every_operation_is_allowed_to_whom_the_table_names_and_to_nobody_else(app: TestApp) {
    let ada = app.business("ada@example.com").await;
    let eve = app.business("eve@example.com").await;
    let targets = Targets::of(&app, ada.business).await;
    let mut own = hands(&app, ada.business, &ada.user).await;
    own.push(operating(&app).await);
    let others = hands(&app, eve.business, &eve.user).await;
    for operation in operations() {
        let name = operation.name();
        if operation.needs == Needs::Nothing {
            assert!(
                PUBLIC.contains(&name.as_str()),
                "{name} is public by mistake"
            );
            continue;
        }
        let (path, body) = targets.build(&name).await;
        for stranger in [app.anonymous(), app.anonymous().with("sk_unknown")] {
            let answer = stranger
                .send(&operation.method, &path, &json!("rubbish"))
                .await;
            assert_eq!(
                (answer.status, answer.code()),
                (401, "unauthorized"),
                "{name}"
            );
        }
        for hand in &own {
            // The operator works in another business: of this one operators see what is under `/v1/admin`.
            let names_hers = path != operation.path || NAMES_HERS.contains(&name.as_str());
            if hand.operates && names_hers && !path.starts_with("/v1/admin/") {
                let answer = hand.client.send(&operation.method, &path, &body).await;
                assert_eq!(answer.status, 404, "{name} by {}", hand.what);
                continue;
            }
            let (path, body) = targets.build(&name).await;
            check_own(
                &operation,
                hand,
                &hand.client.send(&operation.method, &path, &body).await,
            );
        }
        if path != operation.path || NAMES_HERS.contains(&name.as_str()) {
            check_others(&operation, &others, &path, &body).await;
        }
    }
    app.end().await;
}

async fn lists_events_and_the_live_stream_hold_nothing_of_another_business(app: TestApp) {
    let ada = app.business("ada@example.com").await;
    let eve = app.business("eve@example.com").await;
    let targets = Targets::of(&app, ada.business).await;
    for operation in operations() {
        targets.build(&operation.name()).await;
    }
    let other = app.user(&eve.user).await;
    let hers = other.get("/v1/me").await.body;
    let mut lists = 0;
    for operation in operations() {
        let admin = operation.path.starts_with("/v1/admin/");
        if operation.method != "get" || operation.path.contains('{') || admin {
            continue;
        }
        if operation.path == "/v1/events/stream" || operation.needs == Needs::Nothing {
            continue;
        }
        let answer = other.get(&operation.path).await;
        assert_eq!(answer.status, 200, "{}", operation.name());
        let text = answer.body.to_string();
        for secret in targets.marks() {
            assert!(
                !text.contains(&secret),
                "{} shows {secret}: {text}",
                operation.name()
            );
        }
        lists += u32::from(answer.body["data"].is_array());
    }
    assert!(lists >= 6, "{lists}");
    assert_eq!(hers["businesses"].as_array().unwrap().len(), 1);
    for search in [
        "/v1/chats?q=hello",
        "/v1/contacts?q=972",
        "/v1/events?after=0",
    ] {
        assert_eq!(other.get(search).await.body["data"], json!([]), "{search}");
    }
    let path = "/v1/events/stream?after=0";
    let mut live = other.request(Method::GET, path).send().await.unwrap();
    let first = live.chunk().await.unwrap().unwrap();
    assert!(first.starts_with(b"retry:"));
    let key = app.key(eve.business, &Scope::ALL).await.1;
    let made = key.post("/v1/sessions", &json!({"name": "Her own"})).await;
    let mut seen = String::new();
    while !seen.contains("Her own") {
        let chunk = live.chunk().await.unwrap().expect("the stream ended");
        seen.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert_eq!(seen.matches("data: ").count(), 1, "{seen}");
    assert!(seen.contains(made.body["id"].as_str().unwrap()));
    app.end().await;
}

async fn an_idempotency_key_means_something_to_its_sender_alone(app: TestApp) {
    let ada = app.business("ada@example.com").await;
    let eve = app.business("eve@example.com").await;
    let mut answered = BTreeMap::new();
    let body = json!({"to": "+972501234567", "text": "hello"});
    for (business, keys) in [(ada.business, 2), (eve.business, 1)] {
        let number = json!({"name": "Front desk"});
        let (_, maker) = app.key(business, &Scope::ALL).await;
        assert_eq!(maker.post("/v1/sessions", &number).await.status, 201);
        for _ in 0..keys {
            let (_, key) = app.key(business, &[Scope::MessagesWrite]).await;
            let send = || {
                let request = key.request(Method::POST, "/v1/messages").json(&body);
                Answer::of(request.header("idempotency-key", "the same"))
            };
            let (first, second) = (send().await, send().await);
            assert_eq!((first.status, &first.body["id"]), (202, &second.body["id"]));
            let id = first.body["id"].as_str().unwrap().to_owned();
            *answered.entry(id).or_insert(0) += 1;
        }
    }
    assert_eq!(answered.len(), 3, "{answered:?}");
    app.end().await;
}

async fn a_number_of_another_business_cannot_be_borrowed(app: TestApp) {
    let ada = app.business("ada@example.com").await;
    let eve = app.business("eve@example.com").await;
    let (_, hers) = app.key(ada.business, &Scope::ALL).await;
    let number = hers.post("/v1/sessions", &json!({"name": "Hers"})).await;
    let body = json!({"session_id": number.body["id"], "to": "+972501234567", "text": "hello"});
    let (_, other) = app.key(eve.business, &Scope::ALL).await;
    assert_eq!(other.post("/v1/messages", &body).await.code(), "not_found");
    app.end().await;
}

async fn operators_alone_see_where_a_number_is_held(app: TestApp) {
    let olga = operator(&app).await;
    let number = olga
        .post("/v1/sessions", &json!({"name": "Hers"}))
        .await
        .body;
    let session = number["id"].as_str().unwrap().parse().unwrap();
    app.hold(session, 7).await;
    let path = format!("/v1/sessions/{}", number["id"].as_str().unwrap());
    assert_eq!(olga.get(&path).await.body["shard"], 7);
    let business: BusinessId = number["business_id"].as_str().unwrap().parse().unwrap();
    let plain = app.user(&app.member(business, Role::Owner).await).await;
    assert_eq!(plain.get(&path).await.body["shard"], Value::Null);
    assert_eq!(members::list(&app.store, business).await.unwrap().len(), 2);
    app.end().await;
}
