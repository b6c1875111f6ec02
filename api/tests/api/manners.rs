//! How the API answers whatever comes: problems, headers, limits, health.

use reqwest::Method;
use serde_json::{Value, json};
use switchyard_core::code::ApiCode;
use switchyard_core::permission::Scope;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::app::{Answer, PATIENCE, TestApp};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_refusal_is_a_problem_with_a_code_and_the_id_of_the_request() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let client = app.user(&ada.user).await;
    let big = json!({"name": "x".repeat(1 << 20)});
    let cases: [(&str, &str, Value, u16, &str); 9] = [
        ("GET", "/v1/nowhere", Value::Null, 404, "not_found"),
        ("GET", "/v1/sessions/rubbish", Value::Null, 404, "not_found"),
        ("PUT", "/v1/sessions", json!({}), 405, "method_not_allowed"),
        (
            "POST",
            "/v1/sessions",
            json!({"name": "a", "shard": 1}),
            400,
            "invalid_request",
        ),
        ("POST", "/v1/sessions", json!({}), 400, "invalid_request"),
        (
            "POST",
            "/v1/sessions",
            json!({"name": 7}),
            400,
            "invalid_request",
        ),
        ("POST", "/v1/sessions", big, 413, "too_large"),
        (
            "GET",
            "/v1/events?after=-1",
            Value::Null,
            400,
            "invalid_request",
        ),
        ("POST", "/nowhere", json!({}), 405, "method_not_allowed"),
    ];
    for (method, path, body, status, code) in cases {
        let refused = client.send(method, path, &body).await;
        assert_eq!(
            (refused.status, refused.code()),
            (status, code),
            "{method} {path}: {:?}",
            refused.body
        );
        assert_eq!(refused.header("content-type"), "application/problem+json");
        assert_eq!(refused.body["request_id"], refused.header("x-request-id"));
        assert_eq!(refused.body["status"], status);
        assert!(refused.body["title"].is_string() && refused.body["type"].is_string());
        assert!(!refused.body["detail"].as_str().unwrap().is_empty());
    }
    let allowed = client.send("PUT", "/v1/sessions", &json!({})).await;
    assert_eq!(allowed.header("allow"), "GET, POST");
    let form = client.request(Method::POST, "/v1/sessions").body("name=a");
    assert_eq!(Answer::of(form).await.code(), "invalid_request");
    let cut = client
        .request(Method::POST, "/v1/sessions")
        .header("content-type", "application/json");
    assert_eq!(
        Answer::of(cut.body("{\"name\":")).await.code(),
        "invalid_request"
    );
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_protects_the_browser_and_keeps_a_plain_request_id() {
    let app = TestApp::start().await;
    for path in [
        "/livez",
        "/health",
        "/v1/me",
        "/v1/reasons",
        "/openapi.json",
        "/",
        "/nowhere.js",
    ] {
        let request = app.anonymous().request(Method::GET, path);
        let answer = Answer::of(request.header("x-request-id", "my-own-id-7")).await;
        assert_eq!(answer.header("x-request-id"), "my-own-id-7", "{path}");
        assert!(
            answer
                .header("content-security-policy")
                .contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert!(
            !answer.header("content-security-policy").contains("unsafe"),
            "{path}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
    }
    let odd = app
        .anonymous()
        .request(Method::GET, "/livez")
        .header("x-request-id", "a b<c>\"d");
    assert!(
        Answer::of(odd)
            .await
            .header("x-request-id")
            .starts_with("req_")
    );
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_beyond_its_burst_waits() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let (_, key) = app.key_at(ada.business, &Scope::ALL, 1, 3).await;
    for left in ["2", "1", "0"] {
        let answer = key.get("/v1/me").await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            (
                answer.header("ratelimit-limit"),
                answer.header("ratelimit-remaining")
            ),
            ("3", left)
        );
    }
    let limited = key.get("/v1/me").await;
    assert_eq!((limited.status, limited.code()), (429, "too_many_requests"));
    assert_eq!(
        (
            limited.header("retry-after"),
            limited.header("ratelimit-remaining")
        ),
        ("1", "0")
    );
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_says_what_runs_and_readiness_what_is_missing() {
    let app = TestApp::start().await;
    let anonymous = app.anonymous();
    let alive = anonymous.get("/livez").await;
    assert_eq!(
        (alive.status, &alive.body),
        (200, &Value::String(String::new()))
    );
    assert_eq!(
        anonymous.get("/health").await.body,
        json!({"status": "ok", "version": "0.0.0-test", "role": "up", "sim": true, "fail_points": false})
    );
    let ready = anonymous.get("/health/ready").await;
    assert_eq!(
        (
            ready.status,
            ready.body["checks"]["database"]["ok"].as_bool()
        ),
        (200, Some(true))
    );
    app.ready.set("shard", false, "registering");
    let waiting = anonymous.get("/health/ready").await;
    assert_eq!(
        (
            waiting.status,
            waiting.body["checks"]["shard"]["detail"].as_str()
        ),
        (503, Some("registering"))
    );
    app.ready.set("shard", true, "live");
    assert_eq!(anonymous.get("/health/ready").await.status, 200);
    app.ready.stopping();
    assert_eq!(
        anonymous.get("/health/ready").await.body["status"],
        "not_ready"
    );

    let metrics: Vec<String> = app
        .registry
        .gather()
        .iter()
        .map(|it| it.name().to_owned())
        .collect();
    assert!(
        metrics.contains(&"switchyard_http_requests_total".to_owned()),
        "{metrics:?}"
    );
    let public = anonymous.get("/metrics").await.body.to_string();
    assert!(
        !public.contains("switchyard_"),
        "metrics are on the internal port"
    );
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reasons_have_words_in_both_languages() {
    let app = TestApp::start().await;
    let reasons = app.anonymous().get("/v1/reasons").await.body;
    let expired = reasons["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["code"] == "link_expired")
        .unwrap();
    assert_eq!(expired["sentence"]["en"], "The code ran out.");
    assert_eq!(
        (expired["about"].as_str(), expired["state"].as_str()),
        (Some("session"), Some("disconnected"))
    );
    assert!(!expired["next_step"]["he"].as_str().unwrap().is_empty());
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_code_has_a_page_that_the_type_of_its_problem_names() {
    let app = TestApp::start().await;
    let anonymous = app.anonymous();
    let list = anonymous.get("/docs/problems").await;
    assert!(list.header("content-type").starts_with("text/html"));
    let list = list.body.as_str().unwrap().to_owned();
    for row in ApiCode::ALL.iter().map(|code| code.row()) {
        let path = format!("/docs/problems/{}", row.name);
        assert!(list.contains(&format!("href=\"{path}\"")), "{path}");
        let page = anonymous.get(&path).await;
        assert_eq!(page.status, 200, "{path}");
        let page = page.body.as_str().unwrap().to_owned();
        for shown in [row.name, "What it means", "What to do", "request_id"] {
            assert!(page.contains(shown), "{path}: {shown}");
        }
        assert!(!page.contains('`'), "{path}: a backtick is left over");
    }
    let refused = anonymous.get("/v1/me").await;
    let kind = refused.body["type"].as_str().unwrap().to_owned();
    assert_eq!(kind, format!("{}/docs/problems/unauthorized", app.url));
    let page = crate::app::http().get(kind).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("Sign in first"));
    assert_eq!(anonymous.get("/docs/problems/nothing").await.status, 404);
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_is_an_object_and_no_list_of_its_values() {
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let client = app.user(&ada.user).await;
    for body in [json!(["Front desk"]), json!("Front desk"), json!(null)] {
        let refused = client.post("/v1/sessions", &body).await;
        assert_eq!((refused.status, refused.code()), (400, "invalid_request"));
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(detail.contains("an object"), "{detail}");
    }
    app.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_does_not_arrive_is_the_clients_fault_and_ends_the_connection() {
    let app = TestApp::start().await;
    let place = app.url.strip_prefix("http://").unwrap();
    let mut line = TcpStream::connect(place).await.unwrap();
    let head = "POST /v1/auth/login HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\n\
        content-length: 50\r\n\r\n{";
    line.write_all(head.as_bytes()).await.unwrap();
    let mut said = String::new();
    let to_the_end = timeout(PATIENCE, line.read_to_string(&mut said));
    to_the_end.await.unwrap().unwrap();
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    assert!(said.contains("request_timeout"), "{said}");
    app.end().await;
}
