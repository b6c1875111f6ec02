//! The control API as a test uses it.

use std::time::Duration;

use serde_json::{Value, json};
use switchyard_sim::{Network, NetworkOptions};

use crate::business::{ACCOUNT, TOKEN};
use crate::client::{PATIENCE, TestClient};

/// The control API of one network.
pub(crate) struct Control {
    http: reqwest::Client,
    url: String,
}

/// A network of its own with nobody on it.
pub(crate) async fn network() -> (Network, Control) {
    let network = Network::start(NetworkOptions::default())
        .await
        .expect("a network");
    let control = Control::of(&network);
    (network, control)
}

/// A network with a customer's phone, and a shop's with a linked client.
pub(crate) async fn network_with_shop() -> (Network, Control, TestClient) {
    let (network, control) = network().await;
    control.phone("15550001", "Shop").await;
    control.phone("15550002", "Customer").await;
    let shop = control.linked(&network, "15550001").await;
    (network, control, shop)
}

impl Control {
    pub(crate) fn of(network: &Network) -> Self {
        Self {
            http: http(),
            url: network.url(),
        }
    }

    /// `POST`, with the status.
    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let request = self.http.post(format!("{}{path}", self.url)).json(&body);
        let answer = request.send().await.expect("an answer");
        (
            answer.status().as_u16(),
            answer.json().await.unwrap_or_default(),
        )
    }

    /// `PATCH`, which must be done.
    pub(crate) async fn patch(&self, path: &str, body: Value) {
        let request = self.http.patch(format!("{}{path}", self.url)).json(&body);
        let answer = request.send().await.expect("an answer");
        assert!(answer.status().is_success(), "{answer:?}");
    }

    /// `GET`, the `data` of it.
    pub(crate) async fn get(&self, path: &str) -> Vec<Value> {
        let mut answer: Value = self.raw(path).await.json().await.expect("JSON");
        serde_json::from_value(answer["data"].take()).expect("a list")
    }

    /// `GET`, the whole answer.
    pub(crate) async fn raw(&self, path: &str) -> reqwest::Response {
        let request = self.http.get(format!("{}{path}", self.url));
        request.send().await.expect("an answer")
    }

    /// A request of Twilio's REST interface by the first account; the status and the answer.
    pub(crate) async fn rest(
        &self,
        method: &str,
        path: &str,
        form: &[(&str, &str)],
    ) -> (u16, Value) {
        let answer = self.rest_raw(method, path, form).await;
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    /// The same, the whole answer. A path is relative to the account, or absolute as REST tells it.
    pub(crate) async fn rest_raw(
        &self,
        method: &str,
        path: &str,
        form: &[(&str, &str)],
    ) -> reqwest::Response {
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/2010-04-01/Accounts/{ACCOUNT}/{path}")
        };
        let method = method.parse().expect("a method");
        let request = self
            .http
            .request(method, format!("{}{path}", self.url))
            .basic_auth(ACCOUNT, Some(TOKEN))
            .form(form);
        request.send().await.expect("an answer")
    }

    /// `PUT`, which must be done.
    pub(crate) async fn put(&self, path: &str, body: Value) {
        let request = self.http.put(format!("{}{path}", self.url)).json(&body);
        let answer = request.send().await.expect("an answer");
        assert!(answer.status().is_success(), "{answer:?}");
    }

    /// The key that vouches for the network, in hex.
    pub(crate) async fn root(&self) -> String {
        let request = self.http.get(format!("{}/network/root", self.url));
        let answer: Value = request
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        answer["public_key"].as_str().expect("a key").to_owned()
    }

    /// `DELETE`, the status.
    pub(crate) async fn delete(&self, path: &str) -> u16 {
        let request = self.http.delete(format!("{}{path}", self.url));
        request.send().await.expect("an answer").status().as_u16()
    }

    /// Switches a fault on; its path.
    pub(crate) async fn fault(&self, fault: Value) -> String {
        let (status, answer) = self.post("/network/faults", fault).await;
        assert_eq!(status, 201, "{answer}");
        format!("/network/faults/{}", answer["id"])
    }

    /// A new phone.
    pub(crate) async fn phone(&self, phone: &str, name: &str) {
        let (status, answer) = self
            .post("/phones", json!({ "phone": phone, "name": name }))
            .await;
        assert_eq!(status, 201, "{answer}");
    }

    /// The phone scans the code and the device is linked.
    pub(crate) async fn scan(&self, phone: &str, code: &str) {
        let (status, answer) = self
            .post(&format!("/phones/{phone}/scan"), json!({ "qr": code }))
            .await;
        assert_eq!(status, 200, "{answer}");
    }

    /// A client that is linked to that phone and connected.
    pub(crate) async fn linked(&self, network: &Network, phone: &str) -> TestClient {
        let mut client = TestClient::new(network).await;
        let code = client.code().await;
        self.scan(phone, &code).await;
        client.connected().await;
        client
    }

    /// The phone writes.
    pub(crate) async fn write(&self, from: &str, to: &str, text: &str) -> String {
        let path = format!("/phones/{from}/messages");
        let (status, answer) = self.post(&path, json!({ "to": to, "text": text })).await;
        assert_eq!(status, 201, "{answer}");
        answer["id"].as_str().expect("an id").to_owned()
    }

    /// Waits until the ledger of a phone is as wanted.
    pub(crate) async fn ledger(
        &self,
        phone: &str,
        wanted: impl Fn(&[Value]) -> bool,
    ) -> Vec<Value> {
        let path = format!("/phones/{phone}/messages");
        let end = tokio::time::Instant::now() + PATIENCE;
        loop {
            let rows = self.get(&path).await;
            if wanted(&rows) {
                return rows;
            }
            assert!(tokio::time::Instant::now() < end, "not in time: {rows:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// TLS has no provider of its own in this build, and a client wants one even for `http`.
pub(crate) fn http() -> reqwest::Client {
    // Another test of this process may have been first.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    reqwest::Client::new()
}
