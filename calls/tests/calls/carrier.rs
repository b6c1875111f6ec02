//! The telephone network of `sim` as a test uses it.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use sim::{Network, NetworkOptions};

use crate::stage::{PATIENCE, SHOP, Stage};

/// The control API of the network.
pub(crate) struct Carrier {
    network: Network,
    http: reqwest::Client,
}

impl Carrier {
    /// So many times as fast as the world.
    pub(crate) async fn start(call_scale: f64) -> Self {
        let options = NetworkOptions {
            call_scale,
            ..NetworkOptions::default()
        };
        let network = Network::start(options).await.unwrap();
        Self {
            network,
            http: reqwest::Client::new(),
        }
    }

    /// Where REST is.
    pub(crate) fn url(&self) -> String {
        self.network.url()
    }

    pub(crate) async fn stop(self) {
        self.network.stop().await;
    }

    /// Calls of the shop's number come to that address, and so does their end.
    pub(crate) async fn number(&self, url: &str, stage: &Stage) {
        let at = |route: &str| format!("{url}/twilio/{}/{route}", stage.business);
        let number = json!({
            "phone": SHOP, "voice_url": at("voice"), "fallback_url": at("fallback"), "status_url": at("status"),
        });
        self.post("/carrier/numbers", number).await;
    }

    /// Nobody is told of the end of a call.
    pub(crate) async fn silence(&self) {
        self.post("/carrier/numbers", json!({"phone": SHOP, "status_url": ""}))
            .await;
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.send(Method::POST, path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Value {
        self.send(Method::PUT, path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: Value) -> Value {
        self.send(Method::PATCH, path, body).await
    }

    /// Nothing goes wrong any more.
    pub(crate) async fn mend(&self) {
        self.send(Method::DELETE, "/network/faults", json!({}))
            .await;
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.network.url());
        let request = self.http.request(method, url).json(&body);
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let body = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {body}");
        serde_json::from_str(&body).unwrap_or_default()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.network.url());
        self.http
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    pub(crate) async fn rings(&self, from: &str) -> String {
        let call = self.post("/calls", json!({"from": from, "to": SHOP})).await;
        call["sid"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn ledger(&self, sid: &str) -> Vec<Value> {
        let mut rows = self.get(&format!("/calls/{sid}/ledger")).await;
        serde_json::from_value(rows["data"].take()).unwrap()
    }

    /// Waits for an entry of that kind.
    pub(crate) async fn entry(&self, sid: &str, kind: &str, field: &str, value: &str) {
        let fits = |row: &Value| row["kind"] == kind && row[field] == value;
        let begun = Instant::now();
        loop {
            let rows = self.ledger(sid).await;
            if rows.iter().any(fits) {
                return;
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "no {kind} {field} {value}: {rows:#?}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
