//! The simulated network as a test uses it: through its control API, like everybody else.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use sim::{Network, NetworkOptions};
use tokio::time::{Instant, sleep};

/// How long to wait for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A network and a way to speak to it.
pub(crate) struct Phones {
    network: Option<Network>,
    url: String,
    whatsapp_url: String,
    http: reqwest::Client,
}

impl Phones {
    /// A network of its own, whose codes live `qr_scale` times as long as WhatsApp's.
    pub(crate) async fn start(qr_scale: f64) -> Self {
        let options = NetworkOptions {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            qr_scale,
            ..NetworkOptions::default()
        };
        let network = Network::start(options).await.expect("a network");
        Self {
            url: network.url(),
            whatsapp_url: network.whatsapp_url(),
            network: Some(network),
            http: {
                // A client wants a provider of TLS even for `http`; another test may have been first.
                rustls::crypto::ring::default_provider()
                    .install_default()
                    .ok();
                reqwest::Client::new()
            },
        }
    }

    /// What clients dial.
    pub(crate) fn whatsapp_url(&self) -> String {
        self.whatsapp_url.clone()
    }

    /// A new phone.
    pub(crate) async fn add(&self, phone: &str) {
        self.post("/phones", json!({"phone": phone, "name": phone}))
            .await;
    }

    /// A phone scans a code; whether that worked.
    pub(crate) async fn scan(&self, phone: &str, qr: &str) -> bool {
        let url = format!("{}/phones/{phone}/scan", self.url);
        let sent = self.http.post(url).json(&json!({"qr": qr})).send().await;
        sent.expect("an answer").status().is_success()
    }

    /// Somebody writes; the id of the message.
    pub(crate) async fn write(&self, from: &str, to: &str, text: &str) -> String {
        let path = format!("/phones/{from}/messages");
        let answer = self.post(&path, json!({"to": to, "text": text})).await;
        answer["id"].as_str().expect("an id").to_owned()
    }

    /// What a phone shows.
    pub(crate) async fn shown(&self, phone: &str) -> Vec<Value> {
        let answer = self.get(&format!("/phones/{phone}/messages?after=0")).await;
        answer["data"].as_array().expect("a list").clone()
    }

    /// Switches a fault on.
    pub(crate) async fn fault(&self, fault: Value) {
        self.post("/network/faults", fault).await;
    }

    /// The faults that are switched on.
    pub(crate) async fn faults(&self) -> Vec<Value> {
        let answer = self.get("/network/faults").await;
        answer["data"].as_array().expect("a list").clone()
    }

    /// Switches all faults off.
    pub(crate) async fn mend(&self) {
        let url = format!("{}/network/faults", self.url);
        self.http.delete(url).send().await.expect("an answer");
    }

    /// The entries of the network's log of one kind.
    pub(crate) async fn log(&self, kind: &str) -> Vec<Value> {
        let answer = self.get(&format!("/network/log?after=0&kind={kind}")).await;
        answer["data"].as_array().expect("a list").clone()
    }

    /// The phone removes its linked devices.
    pub(crate) async fn remove_devices(&self, phone: &str) {
        let answer = self.get("/phones").await;
        let phones = answer["data"].as_array().expect("a list").clone();
        for row in phones {
            if !row["phone"].as_str().is_some_and(|it| it.ends_with(phone)) {
                continue;
            }
            for device in row["devices"].as_array().expect("a list") {
                let url = format!("{}/phones/{phone}/devices/{}", self.url, device["device"]);
                self.http.delete(url).send().await.expect("an answer");
            }
        }
    }

    /// How many linked devices a phone has.
    pub(crate) async fn devices(&self, phone: &str) -> usize {
        let answer = self.get("/phones").await;
        let phones = answer["data"].as_array().expect("a list").clone();
        phones
            .iter()
            .filter(|row| row["phone"].as_str().is_some_and(|it| it.ends_with(phone)))
            .filter_map(|row| row["devices"].as_array().map(Vec::len))
            .sum()
    }

    /// Ends the network.
    pub(crate) async fn stop(mut self) {
        if let Some(network) = self.network.take() {
            network.stop().await;
        }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.url);
        let answer = self.http.post(&url).json(&body).send().await;
        let answer = answer.expect("an answer");
        let status = answer.status();
        let body = answer.json().await.unwrap_or(Value::Null);
        assert!(status.is_success(), "{path}: {status} {body}");
        body
    }

    async fn get(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.url);
        let answer = self.http.get(url).send().await.expect("an answer");
        answer.json().await.expect("JSON")
    }
}

/// Asks again and again until the answer is there.
pub(crate) async fn until<T, F, W>(what: &str, ask: F) -> T
where
    F: FnMut() -> W,
    W: Future<Output = Option<T>>,
{
    within(PATIENCE, what, ask).await
}

/// Asks again and again until the answer is there, for so long.
pub(crate) async fn within<T, F, W>(patience: Duration, what: &str, mut ask: F) -> T
where
    F: FnMut() -> W,
    W: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + patience;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "not in time: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}
