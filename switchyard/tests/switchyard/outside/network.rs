//! The simulated network's control API: phones that scan, write, read and remember what they saw.

use std::path::Path;

use reqwest::Client;
use serde_json::{Value, json};

use super::process::{Process, program};
use super::until;

/// A network, by its control API.
#[derive(Clone)]
pub(crate) struct Network {
    url: String,
    client: Client,
}

impl Network {
    /// A network that runs.
    pub(crate) fn at(url: String) -> Self {
        Self {
            url,
            client: super::http().build().unwrap(),
        }
    }

    /// Starts one in its own process, so that it outlives the product. Its flags go behind the two that it always gets.
    pub(crate) async fn start(folder: &Path, flags: &[&str]) -> (Process, Self) {
        let data = folder.join("network");
        let stdout = folder.join("network.stdout");
        let mut command = program(&[
            "sim",
            "--listen",
            "127.0.0.1:0",
            "--data-dir",
            data.to_str().unwrap(),
        ]);
        command.args(flags);
        let process = Process::start(command, &stdout, &folder.join("network.stderr"));
        let url = until("the network says where it listens", || {
            let text = std::fs::read_to_string(&stdout).unwrap_or_default();
            let url = text
                .split_whitespace()
                .find(|word| word.starts_with("http://"));
            let url = url.map(str::to_owned);
            async move { url }
        })
        .await;
        (process, Self::at(url))
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A new phone.
    pub(crate) async fn phone(&self, phone: &str) {
        let body = json!({ "phone": phone, "name": format!("Phone {phone}") });
        self.post("/phones", body).await;
    }

    /// A phone scans a code.
    pub(crate) async fn scan(&self, phone: &str, qr: &str) {
        self.post(&format!("/phones/{phone}/scan"), json!({ "qr": qr }))
            .await;
    }

    /// A phone writes to another; the id of the message.
    pub(crate) async fn write(&self, phone: &str, to: &str, text: &str) -> String {
        let path = format!("/phones/{phone}/messages");
        let answer = self.post(&path, json!({ "to": to, "text": text })).await;
        answer["id"].as_str().unwrap().to_owned()
    }

    /// A phone reads a chat.
    pub(crate) async fn read(&self, phone: &str, chat: &str) {
        self.post(&format!("/phones/{phone}/read"), json!({ "chat": chat }))
            .await;
    }

    /// All that a phone shows, sent and received, in its order.
    pub(crate) async fn ledger(&self, phone: &str) -> Vec<Value> {
        let mut rows: Vec<Value> = Vec::new();
        loop {
            let after = rows.last().map_or(0, |row| row["n"].as_i64().unwrap());
            let more = self
                .list(&format!("/phones/{phone}/messages?after={after}"))
                .await;
            if more.is_empty() {
                return rows;
            }
            rows.extend(more);
        }
    }

    /// Waits until a phone shows a text; its row.
    pub(crate) async fn shows(&self, phone: &str, text: &str) -> Value {
        until("the phone shows the text", || async {
            self.ledger(phone)
                .await
                .into_iter()
                .find(|row| row["text"] == text)
        })
        .await
    }

    /// A new phone.
    pub(crate) async fn add(&self, phone: &str) {
        self.post("/phones", json!({ "phone": phone, "name": phone }))
            .await;
    }

    /// Switches a fault on.
    pub(crate) async fn fault(&self, fault: Value) {
        self.post("/network/faults", fault).await;
    }

    /// How often each fault that is switched on has happened.
    pub(crate) async fn hits(&self) -> Vec<u64> {
        let faults = self.list("/network/faults").await;
        faults
            .iter()
            .filter_map(|fault| fault["hits"].as_u64())
            .collect()
    }

    /// The network's log of one kind.
    pub(crate) async fn log(&self, kind: &str) -> Vec<Value> {
        self.list(&format!("/network/log?kind={kind}")).await
    }

    async fn list(&self, path: &str) -> Vec<Value> {
        let answer = self
            .client
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let body: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "GET {path}: {status} {body}");
        body["data"].as_array().unwrap().clone()
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.client.post(format!("{}{path}", self.url)).json(&body);
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "POST {path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }
}
