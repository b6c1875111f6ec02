//! Signing in and out, and everything that must not pass for it.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use store::audit::Actor;
use store::{accounts, members};
use switchyard_core::Timestamp;
use switchyard_core::permission::{Permission, Role, Scope};

use crate::app::{Answer, Client, PASSWORD, PATIENCE, SETUP_TOKEN, TestApp};

fn setup(email: &str) -> Value {
    json!({
        "token": SETUP_TOKEN, "business_name": "Café", "name": "Ada", "email": email, "password": PASSWORD,
    })
}

async fn refresh(client: &Client, token: &str) -> Answer {
    client
        .post("/v1/auth/refresh", &json!({"refresh_token": token}))
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_run_makes_an_owner_who_can_sign_in_again() {
    let app = TestApp::start().await;
    let anonymous = app.anonymous();
    assert_eq!(
        anonymous.get("/v1/auth/setup").await.body,
        json!({"open": true})
    );
    let mut wrong = setup("Ada@Example.com");
    wrong["token"] = "guess".into();
    assert_eq!(
        anonymous.post("/v1/auth/setup", &wrong).await.code(),
        "forbidden"
    );

    let made = anonymous
        .post("/v1/auth/setup", &setup("Ada@Example.com"))
        .await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    assert_eq!(made.body["user"]["email"], "ada@example.com");
    assert_eq!(made.body["user"]["operator"], true);
    assert_eq!(made.header("cache-control"), "no-store");
    assert_eq!(
        anonymous.get("/v1/auth/setup").await.body,
        json!({"open": false})
    );
    assert_eq!(
        anonymous
            .post("/v1/auth/setup", &setup("eve@example.com"))
            .await
            .code(),
        "already_set_up"
    );

    let login = json!({"email": "ADA@example.com ", "password": PASSWORD});
    let signed_in = anonymous.post("/v1/auth/login", &login).await;
    assert_eq!(signed_in.status, 200, "{:?}", signed_in.body);
    let me = anonymous
        .with(signed_in.body["access_token"].as_str().unwrap())
        .get("/v1/me")
        .await;
    assert_eq!(me.body["role"], "owner");
    assert_eq!(me.body["business"]["name"], "Café");
    assert_eq!(
        me.body["permissions"].as_array().unwrap().len(),
        Permission::ALL.len(),
        "the first owner operates the platform as well"
    );
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_first_runs_at_once_one_makes_an_owner() {
    let app = TestApp::start().await;
    let runs = (0..6).map(|n| {
        let client = app.anonymous();
        tokio::spawn(async move {
            client
                .post("/v1/auth/setup", &setup(&format!("{n}@example.com")))
                .await
        })
    });
    let mut statuses = Vec::new();
    for run in runs.collect::<Vec<_>>() {
        statuses.push(run.await.unwrap().status);
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409]);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_setup_token_there_is_no_first_run() {
    let app = TestApp::start_with(|options| options.setup_token = None).await;
    assert_eq!(
        app.anonymous().get("/v1/auth/setup").await.body,
        json!({"open": false})
    );
    assert_eq!(
        app.anonymous()
            .post("/v1/auth/setup", &setup("ada@example.com"))
            .await
            .status,
        404
    );
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sixth_wrong_password_waits_and_says_for_how_long() {
    let app = TestApp::start().await;
    let anonymous = app.anonymous();
    assert_eq!(
        anonymous
            .post("/v1/auth/setup", &setup("ada@example.com"))
            .await
            .status,
        201
    );
    let unknown = json!({"email": "eve@example.com", "password": "not the password"});
    let wrong = json!({"email": "ada@example.com", "password": "not the password"});
    let no_account = anonymous.post("/v1/auth/login", &unknown).await;
    for _ in 0..5 {
        let refused = anonymous.post("/v1/auth/login", &wrong).await;
        assert_eq!((refused.status, refused.code()), (401, "unauthorized"));
        assert_eq!(
            refused.body["detail"], no_account.body["detail"],
            "it does not tell who has an account"
        );
    }
    let right = json!({"email": "ada@example.com", "password": PASSWORD});
    let limited = anonymous.post("/v1/auth/login", &right).await;
    assert_eq!((limited.status, limited.code()), (429, "too_many_requests"));
    assert!(limited.header("retry-after").parse::<u32>().unwrap() > 100);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_link_works_once() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let life = Duration::from_mins(10);
    let made = accounts::create_sign_in_link(&app.store, Timestamp::now(), ada.user.id, life);
    let token = secrecy::ExposeSecret::expose_secret(&made.await.unwrap()).to_owned();
    let body = json!({"token": token});
    assert_eq!(
        app.anonymous().post("/v1/auth/link", &body).await.status,
        200
    );
    assert_eq!(
        app.anonymous().post("/v1/auth/link", &body).await.code(),
        "unauthorized"
    );
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_token_is_good_once_and_a_replay_ends_the_session() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let signed_in = app.sign_in(&ada.user).await;
    let anonymous = app.anonymous();
    let first = signed_in["refresh_token"].as_str().unwrap();
    let renewed = refresh(&anonymous, first).await;
    assert_eq!(renewed.status, 200, "{:?}", renewed.body);
    let second = renewed.body["refresh_token"].as_str().unwrap();
    assert_ne!(first, second);
    let third = refresh(&anonymous, second).await;
    let access = third.body["access_token"].as_str().unwrap();
    assert_eq!(anonymous.with(access).get("/v1/me").await.status, 200);
    assert_eq!(refresh(&anonymous, first).await.status, 401);
    assert_eq!(
        anonymous.with(access).get("/v1/me").await.status,
        401,
        "the whole family is gone"
    );
    let newest = third.body["refresh_token"].as_str().unwrap();
    assert_eq!(refresh(&anonymous, newest).await.status, 401);
    for rubbish in ["", "x", "018f3b9e7c1a7b2d9e4f0123456789ab.x"] {
        assert_eq!(refresh(&anonymous, rubbish).await.status, 401);
    }
    app.end().await;
}

/// A browser that is signed in by cookie.
struct Browser {
    client: Client,
    jar: String,
}

impl Browser {
    async fn signed_in(app: &TestApp) -> Self {
        let ada = app.business("ada@example.com").await;
        let refresh_token = app.sign_in(&ada.user).await["refresh_token"].clone();
        let body = json!({"refresh_token": refresh_token, "cookie": true});
        let client = app.anonymous();
        let answer = client.post("/v1/auth/refresh", &body).await;
        assert_eq!(answer.body["access_token"], Value::Null);
        let mut jar = Vec::new();
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            for rule in ["HttpOnly", "SameSite=Lax", "Path=/"] {
                assert!(cookie.contains(rule), "{cookie}");
            }
            jar.push(cookie.split(';').next().unwrap().to_owned());
        }
        assert_eq!(jar.len(), 2);
        let jar = jar.join("; ");
        Self { client, jar }
    }

    /// Sends with the cookies, from a page of the site that the header tells.
    async fn send(&self, method: Method, path: &str, site: Option<(&str, &str)>) -> Answer {
        let request = self
            .client
            .request(method, path)
            .header("cookie", &self.jar);
        let request = match site {
            Some((name, value)) => request.header(name, value),
            None => request,
        };
        Answer::of(request.json(&json!({}))).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cookies_are_for_our_own_pages_alone() {
    let app = TestApp::start().await;
    let browser = Browser::signed_in(&app).await;
    assert_eq!(browser.send(Method::GET, "/v1/me", None).await.status, 200);
    let evil = Some(("origin", "https://evil.example"));
    let cross = Some(("sec-fetch-site", "cross-site"));
    for site in [None, evil, cross] {
        for path in ["/v1/auth/logout", "/v1/auth/refresh", "/v1/sessions"] {
            let refused = browser.send(Method::POST, path, site).await;
            assert_eq!(refused.code(), "forbidden", "{path} {site:?}");
        }
    }
    let bearer = browser
        .client
        .with("rubbish")
        .request(Method::GET, "/v1/me");
    let refused = Answer::of(bearer.header("cookie", &browser.jar)).await;
    assert_eq!(
        refused.status, 401,
        "a bearer makes cookies count for nothing"
    );

    let ours = Some(("origin", app.url.as_str()));
    let tab = browser.send(Method::POST, "/v1/auth/refresh", ours).await;
    let other_tab = browser.send(Method::POST, "/v1/auth/refresh", ours).await;
    assert_eq!((tab.status, other_tab.status), (200, 200));
    let refresh_token = |answer: &Answer| {
        let cookies = answer.headers.get_all("set-cookie").iter();
        let mut cookies = cookies.map(|cookie| cookie.to_str().unwrap());
        cookies
            .find(|cookie| cookie.starts_with("sy-refresh"))
            .map(str::to_owned)
            .unwrap()
    };
    assert_eq!(
        refresh_token(&tab),
        refresh_token(&other_tab),
        "both tabs are given the same one"
    );
    let page = Some(("sec-fetch-site", "same-origin"));
    let out = browser.send(Method::POST, "/v1/auth/logout", page).await;
    assert_eq!(
        (out.status, out.headers.get_all("set-cookie").iter().count()),
        (204, 2)
    );
    assert_eq!(browser.send(Method::GET, "/v1/me", None).await.status, 401);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_else_passes_for_a_credential() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let token = app.sign_in(&ada.user).await["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let parts: Vec<&str> = token.split('.').collect();
    // {"typ":"at+jwt","alg":"none"} and {"typ":"at+jwt","alg":"RS256"}
    let none = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJub25lIn0";
    let rsa = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJSUzI1NiJ9";
    let wrong = [
        String::new(),
        "rubbish".to_owned(),
        "sk_".to_owned(),
        format!("sk_{}", "A".repeat(43)),
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{rsa}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}.{}", parts[0], parts[1], "A".repeat(43)),
        format!("{token}x"),
    ];
    for wrong in wrong {
        let refused = app.anonymous().with(&wrong).get("/v1/me").await;
        assert_eq!(
            (refused.status, refused.code()),
            (401, "unauthorized"),
            "{wrong}"
        );
        assert_eq!(refused.header("www-authenticate"), "Bearer");
    }
    assert_eq!(app.anonymous().with(&token).get("/v1/me").await.status, 200);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_key_is_refused_within_five_seconds() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let (id, key) = app.key(ada.business, &[Scope::MessagesRead]).await;
    let me = key.get("/v1/me").await;
    assert_eq!((me.status, &me.body["user"]), (200, &Value::Null));
    assert_eq!(me.body["permissions"], json!(["messages:read"]));
    accounts::revoke_api_key(
        &app.store,
        Timestamp::now(),
        Actor::system(),
        ada.business,
        id,
    )
    .await
    .unwrap();
    let revoked = Instant::now();
    let mut looks = tokio::time::interval(Duration::from_millis(100));
    while key.get("/v1/me").await.status != 401 {
        assert!(revoked.elapsed() < PATIENCE);
        looks.tick().await;
    }
    assert!(
        revoked.elapsed().as_secs_f64() < 5.0,
        "{:?}",
        revoked.elapsed()
    );
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_role_counts_within_five_seconds() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let bob = app.agent(ada.business).await;
    let client = app.user(&bob).await;
    let body = json!({"name": "Front desk"});
    assert_eq!(client.post("/v1/sessions", &body).await.status, 403);
    let changed = members::change_role(
        &app.store,
        Timestamp::now(),
        Actor::system(),
        ada.business,
        bob.id,
        Role::Admin,
    );
    assert!(changed.await.unwrap().is_some());
    let since = Instant::now();
    let mut looks = tokio::time::interval(Duration::from_millis(200));
    while client.post("/v1/sessions", &body).await.status != 201 {
        assert!(since.elapsed() < PATIENCE);
        looks.tick().await;
    }
    assert!(since.elapsed().as_secs_f64() < 5.0, "{:?}", since.elapsed());
    app.end().await;
}
