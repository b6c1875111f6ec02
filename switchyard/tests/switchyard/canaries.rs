//! Secrets, phones and texts of an installation of several processes are in none of its logs, metrics, refusals and jobs.

use reqwest::Method;
use serde_json::{Value, json};

use crate::outside::api::Api;
use crate::outside::cluster::{Cluster, ROLES};
use crate::outside::until;
use crate::roles::link;
use crate::story::{BUSINESS, CUSTOMERS};

const SENT: &str = "canary: your parcel is at the kiosk";
const WRITTEN: &str = "canary: is the kiosk open";
const PASSWORD: &str = "canary password of a new colleague";
const COLLEAGUE: &str = "canary.colleague@example.com";

/// What nobody may find, each with a name for the one who looks why.
struct Canaries(Vec<(&'static str, String)>);

impl Canaries {
    fn of_the_installation() -> Self {
        Self(vec![
            (
                "the setup token",
                "of the tests, for the first owner".to_owned(),
            ),
            (
                "the internal key",
                "of the tests, for calls between processes".to_owned(),
            ),
            ("the master key", "MDEyMzQ1Njc4OTAx".to_owned()),
            (
                "the owner's password",
                "a long password of the tests".to_owned(),
            ),
            ("a password", PASSWORD.to_owned()),
            ("an address", COLLEAGUE.to_owned()),
            ("the number's phone", BUSINESS.to_owned()),
            ("a customer's phone", CUSTOMERS[0].to_owned()),
            ("a text of ours", SENT.to_owned()),
            ("a text of theirs", WRITTEN.to_owned()),
        ])
    }

    fn add(&mut self, name: &'static str, secret: &Value) {
        let secret = secret.as_str().unwrap_or_else(|| panic!("no {name}"));
        self.0.push((name, secret.to_owned()));
    }

    fn are_not_in(&self, place: &str, text: &str) {
        for (name, canary) in &self.0 {
            let line = text.lines().find(|line| line.contains(canary.as_str()));
            assert!(line.is_none(), "{name} in {place}: {}", line.unwrap());
        }
    }
}

async fn ask(api: &Api, method: Method, path: &str, body: Value) -> Value {
    let (status, answer) = api.attempt(method, path, Some(&body), None).await.unwrap();
    assert!(status.is_success(), "{path}: {status} {answer}");
    answer
}

/// Signs the owner in, invites a colleague who joins, and makes a key: their secrets.
async fn people(cluster: &Cluster, canaries: &mut Canaries) {
    let anonymous = cluster.anonymous();
    let login = json!({"email": "owner@example.com", "password": "a long password of the tests"});
    let owner = ask(&anonymous, Method::POST, "/v1/auth/login", login).await;
    canaries.add("an access token", &owner["access_token"]);
    canaries.add("a refresh token", &owner["refresh_token"]);
    let refresh = json!({"refresh_token": owner["refresh_token"]});
    let owner = ask(&anonymous, Method::POST, "/v1/auth/refresh", refresh).await;
    canaries.add("a second refresh token", &owner["refresh_token"]);
    let owner = cluster.signed_in(owner["access_token"].as_str().unwrap());
    let invite = json!({"email": COLLEAGUE, "role": "agent"});
    let invited = ask(&owner, Method::POST, "/v1/members", invite).await;
    let url = invited["invite_url"].as_str().unwrap();
    let (_, token) = url.split_once("#token=").unwrap();
    canaries.add("an invitation", &json!(token));
    let accept = json!({"token": token, "name": "Canary", "password": PASSWORD});
    ask(&anonymous, Method::POST, "/v1/auth/invitation", accept).await;
    let key = json!({"name": "robot", "scopes": ["messages:read"]});
    let key = ask(&owner, Method::POST, "/v1/api-keys", key).await;
    canaries.add("an API key", &key["secret"]);
}

/// A conversation, a code to scan, and a message that cannot arrive.
async fn messages(cluster: &Cluster, canaries: &mut Canaries) {
    link(cluster).await;
    cluster.network.write(CUSTOMERS[0], BUSINESS, WRITTEN).await;
    cluster.api.chat_with(CUSTOMERS[0]).await;
    let body = json!({"to": CUSTOMERS[0], "text": SENT});
    let message = cluster.api.post("/v1/messages", body).await;
    cluster
        .api
        .message_is(message["id"].as_str().unwrap(), "delivered")
        .await;
    // For a number that nobody can reach: its message and its job keep why.
    let nobody = json!({"to": "15550009999", "text": SENT});
    let nobody = cluster.api.post("/v1/messages", nobody).await;
    cluster
        .api
        .message_is(nobody["id"].as_str().unwrap(), "failed")
        .await;
    let second = cluster.api.new_session("Second").await;
    canaries.add("a code to scan", &json!(cluster.api.qr(&second).await));
}

/// A job that nobody can read dies and keeps why.
async fn dead_letter(cluster: &Cluster) {
    let dead = "insert into jobs (id, queue, kind, business_id, payload, state, priority, run_at, attempts, fence, created_at)
        select gen_random_uuid(), queue, kind, business_id, '{}', 'waiting', priority, 0, 0, 0, 0
        from jobs where kind = 'drain_chat' limit 1";
    cluster.postgres.sql(dead);
    until("a dead letter", || async {
        let count = cluster
            .postgres
            .sql("select count(*) from jobs where state = 'dead'");
        (count != "0").then_some(())
    })
    .await;
}

/// Requests that are refused, with secrets in every place that a refusal could quote.
async fn refusals(cluster: &Cluster, canaries: &Canaries) {
    let secrets: Vec<&str> = canaries.0.iter().map(|it| it.1.as_str()).collect();
    for secret in secrets {
        let wrong = cluster.signed_in(secret.split_whitespace().next().unwrap());
        let token = json!({"token": format!("{secret}x"), "cookie": false});
        let bodies = [
            (
                &cluster.api,
                "/v1/messages",
                json!({"to": secret, "text": secret, "x": 1}),
            ),
            (
                &cluster.api,
                "/v1/messages",
                json!({"to": secret, "text": secret}),
            ),
            (&wrong, "/v1/sessions", json!({"name": secret})),
            (&wrong, "/v1/auth/link", token.clone()),
            (&wrong, "/v1/auth/invitation/show", token),
            (
                &wrong,
                "/v1/auth/login",
                json!({"email": secret, "password": secret}),
            ),
        ];
        for (api, path, body) in bodies {
            let answer = api.attempt(Method::POST, path, Some(&body), None).await;
            let (status, refusal) = answer.unwrap();
            assert!(!status.is_server_error(), "{path}: {refusal}");
            if status.is_client_error() {
                canaries.are_not_in(&format!("a refusal of {path}"), &refusal.to_string());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_secret_is_in_logs_metrics_refusals_or_jobs_of_any_role() {
    let settings = [("SWITCHYARD_LOG", "trace".to_owned())];
    let mut cluster = Box::pin(Cluster::start(&settings)).await;
    let mut canaries = Canaries::of_the_installation();
    people(&cluster, &mut canaries).await;
    messages(&cluster, &mut canaries).await;
    dead_letter(&cluster).await;
    refusals(&cluster, &canaries).await;

    let jobs = cluster.postgres.sql("select row_to_json(jobs) from jobs");
    assert!(jobs.contains("\"dead\""), "{jobs}");
    canaries.are_not_in("the jobs", &jobs);
    for (role, (name, _)) in cluster.roles.iter().zip(ROLES) {
        let metrics = role.internal().page("/metrics").await;
        canaries.are_not_in(&format!("the metrics of {name}"), &metrics);
        let health = role.internal().page("/health/ready").await;
        canaries.are_not_in(&format!("the readiness of {name}"), &health);
    }
    cluster.stop();
    let log = cluster.log();
    assert!(
        log.lines().count() > 100,
        "the log is not what is looked at"
    );
    canaries.are_not_in("the log", &log);
}
