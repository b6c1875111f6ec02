//! One person's account: shut out by an operator and let in again, and given another password.

use reqwest::Method;
use serde_json::{Value, json};
use switchyard_core::permission::{Role, Scope};
use tokio::time::timeout;

use crate::app::{Answer, Client, PASSWORD, PATIENCE, TestApp};
use crate::operating::operator;

async fn set(operator: &Client, user: &str, status: &str) -> Answer {
    let path = format!("/v1/admin/users/{user}");
    operator
        .send("PATCH", &path, &json!({"status": status}))
        .await
}

async fn login(app: &TestApp, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    app.anonymous().post("/v1/auth/login", &body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_person_is_out_of_every_business_until_restored() {
    let app = TestApp::start().await;
    let olga = operator(&app).await;
    let ada = app.business("ada@example.com").await;
    let owner = app.user(&ada.user).await;
    let (_, key) = app.key(ada.business, &Scope::ALL).await;
    let bob = app.member(ada.business, Role::Owner).await;
    let signed_in = app.sign_in(&bob).await;
    let anonymous = app.anonymous();
    let his = anonymous.with(signed_in["access_token"].as_str().unwrap());
    let chosen = his.post("/v1/me/password", &json!({"new": PASSWORD})).await;
    assert_eq!(chosen.status, 204, "{:?}", chosen.body);
    let mut live = his
        .request(Method::GET, "/v1/events/stream")
        .send()
        .await
        .unwrap();
    assert_eq!(live.status(), 200);

    let suspended = set(&olga, &bob.id.to_string(), "suspended").await;
    assert_eq!(
        (suspended.status, &suspended.body["status"]),
        (200, &json!("suspended"))
    );
    assert_eq!(his.get("/v1/me").await.status, 401);
    let to_its_end = async { while live.chunk().await.unwrap().is_some() {} };
    timeout(PATIENCE, to_its_end).await.unwrap();
    let refresh = json!({"refresh_token": signed_in["refresh_token"]});
    assert_eq!(
        anonymous.post("/v1/auth/refresh", &refresh).await.status,
        401
    );
    assert_eq!(login(&app, &bob.email, PASSWORD).await.status, 401);
    for client in [&owner, &key] {
        assert_eq!(client.get("/v1/sessions").await.status, 200);
    }

    assert_eq!(
        set(&olga, &bob.id.to_string(), "suspended").await.status,
        200
    );
    assert_eq!(
        set(&olga, &bob.id.to_string(), "active").await.body["status"],
        "active"
    );
    assert_eq!(
        his.get("/v1/me").await.status,
        401,
        "what had ended stays so"
    );
    assert_eq!(login(&app, &bob.email, PASSWORD).await.status, 200);
    let log = owner.get("/v1/audit").await.body;
    for (at, action) in ["user.restored", "user.suspended", "user.password_changed"]
        .iter()
        .enumerate()
    {
        assert_eq!(log["data"][at]["action"], *action, "once each: {log}");
    }
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_finds_people_by_name_or_address() {
    let app = TestApp::start().await;
    let olga = operator(&app).await;
    let ada = app.business("ada@example.com").await;
    for q in ["ADA@exa", "ada@example.com"] {
        let found = olga.get(&format!("/v1/admin/users?q={q}")).await.body;
        assert_eq!(found["data"].as_array().unwrap().len(), 1, "{found}");
        assert_eq!(found["data"][0]["id"], ada.user.id.to_string());
        assert_eq!(found["data"][0]["businesses"], 1);
        assert_eq!(found["data"][0]["status"], "active");
    }
    let first = olga.get("/v1/admin/users?limit=1").await.body;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = olga
        .get(&format!("/v1/admin/users?limit=1&cursor={cursor}"))
        .await
        .body;
    assert_ne!(first["data"][0]["id"], second["data"][0]["id"]);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_shuts_out_themselves_or_somebody_unknown() {
    let app = TestApp::start().await;
    let olga = operator(&app).await;
    let own = olga.get("/v1/me").await.body["user"]["id"].clone();
    let refused = set(&olga, own.as_str().unwrap(), "suspended").await;
    assert_eq!((refused.status, refused.code()), (409, "own_account"));
    let nobody = "usr_01a1fe1868b77e40a9d8c1f2b3e4d506";
    assert_eq!(set(&olga, nobody, "suspended").await.code(), "not_found");
    assert_eq!(olga.get("/v1/me").await.status, 200);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_password_needs_the_present_one_and_ends_every_other_session() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let here = app.user(&ada.user).await;
    let elsewhere = app.user(&ada.user).await;
    let change = async |body: Value| here.post("/v1/me/password", &body).await;
    assert_eq!(change(json!({"new": PASSWORD})).await.status, 204);
    assert_eq!(here.get("/v1/me").await.status, 200);
    assert_eq!(elsewhere.get("/v1/me").await.status, 401);
    let next = "a river under the bridge";
    for body in [
        json!({"new": next}),
        json!({"current": "not the password", "new": next}),
    ] {
        let refused = change(body).await;
        assert_eq!((refused.status, refused.code()), (403, "forbidden"));
    }
    let weak = change(json!({"current": PASSWORD, "new": "password1234"})).await;
    assert_eq!((weak.status, weak.code()), (400, "invalid_request"));
    assert_eq!(
        change(json!({"current": PASSWORD, "new": next}))
            .await
            .status,
        204
    );
    assert_eq!(login(&app, "ada@example.com", PASSWORD).await.status, 401);
    assert_eq!(login(&app, "ada@example.com", next).await.status, 200);
    app.end().await;
}
