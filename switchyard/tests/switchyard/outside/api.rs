//! A client of the public API, as an integrator would write it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder, Method, Response, StatusCode};
use serde_json::{Value, json};

use super::until;

/// The API with one credential.
#[derive(Clone)]
pub(crate) struct Api {
    url: String,
    key: String,
    client: Client,
}

impl Api {
    pub(crate) fn new(url: String, key: String) -> Self {
        Self::by(super::http(), url, key)
    }

    /// By TLS, where one certificate alone is trusted.
    pub(crate) fn trusting(certificate: &Path, url: String, key: String) -> Self {
        let pem = fs::read(certificate).unwrap();
        let certificate = Certificate::from_pem(&pem).unwrap();
        let builder = super::http().tls_certs_only([certificate]);
        Self::by(builder, url, key)
    }

    fn by(builder: ClientBuilder, url: String, key: String) -> Self {
        // Longer than the longest long poll.
        let client = builder.timeout(Duration::from_secs(40)).build().unwrap();
        Self { url, key, client }
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The status of a GET; none while nobody answers.
    pub(crate) async fn status(&self, path: &str) -> Option<u16> {
        let answer = self
            .client
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .ok()?;
        Some(answer.status().as_u16())
    }

    /// The body of a GET, whatever its status; none while nobody answers.
    pub(crate) async fn body(&self, path: &str) -> Option<Value> {
        let (_, body) = self.attempt(Method::GET, path, None, None).await?;
        Some(body)
    }

    /// One request; none when the connection broke, which says nothing about what was done.
    pub(crate) async fn attempt(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        idempotency_key: Option<&str>,
    ) -> Option<(StatusCode, Value)> {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.url))
            .bearer_auth(&self.key);
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(key) = idempotency_key {
            request = request.header("Idempotency-Key", key);
        }
        let answer = request.send().await.ok()?;
        let status = answer.status();
        let text = answer.text().await.ok()?;
        Some((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    /// Opens a live stream.
    pub(crate) async fn stream(&self, path: &str) -> Response {
        let request = self.client.get(format!("{}{path}", self.url));
        let answer = request.bearer_auth(&self.key).send().await.unwrap();
        assert!(
            answer.status().is_success(),
            "GET {path}: {}",
            answer.status()
        );
        answer
    }

    /// Opens the live stream after an event, as a client that was away does.
    pub(crate) async fn resumed(&self, last: i64) -> Response {
        let request = self.client.get(format!("{}/v1/events/stream", self.url));
        let request = request.header("Last-Event-ID", last);
        let answer = request.bearer_auth(&self.key).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        answer
    }

    /// The status and the very text that a POST with an Idempotency-Key is answered with.
    pub(crate) async fn told(&self, path: &str, body: &Value, key: &str) -> (u16, String) {
        let request = self.client.post(format!("{}{path}", self.url));
        let request = request.header("Idempotency-Key", key).json(body);
        let answer = request.bearer_auth(&self.key).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.text().await.unwrap())
    }

    /// The answer to a POST with these headers, which must succeed.
    pub(crate) async fn post_with(
        &self,
        path: &str,
        body: &Value,
        headers: &[(&str, &str)],
    ) -> Value {
        let mut request = self.client.post(format!("{}{path}", self.url)).json(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.bearer_auth(&self.key).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        answer.json().await.unwrap()
    }

    /// A body that is no JSON.
    pub(crate) async fn page(&self, path: &str) -> String {
        self.stream(path).await.text().await.unwrap()
    }

    /// A GET that must succeed.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.attempt(Method::GET, path, None, None).await.unwrap();
        assert!(status.is_success(), "GET {path}: {status} {body}");
        body
    }

    /// A POST that must succeed.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self
            .attempt(Method::POST, path, Some(&body), None)
            .await
            .unwrap();
        assert!(status.is_success(), "POST {path}: {status} {answer}");
        answer
    }

    /// Makes a session, without linking it.
    pub(crate) async fn new_session(&self, name: &str) -> String {
        let session = self.post("/v1/sessions", json!({ "name": name })).await;
        session["id"].as_str().unwrap().to_owned()
    }

    /// Asks for a connection and waits for the first code to scan.
    pub(crate) async fn qr(&self, session: &str) -> String {
        self.post(&format!("/v1/sessions/{session}/connect"), json!({}))
            .await;
        until("a code to scan", || async {
            let answer = self.get(&format!("/v1/sessions/{session}/qr?wait=5")).await;
            answer["qr"].as_str().map(str::to_owned)
        })
        .await
    }

    /// Waits until a session is in a state.
    pub(crate) async fn session_in(&self, session: &str, state: &str) -> Value {
        until(&format!("the session is {state}"), || async {
            let session = self.get(&format!("/v1/sessions/{session}")).await;
            (session["state"] == state).then_some(session)
        })
        .await
    }

    /// Waits until a message has a status.
    pub(crate) async fn message_is(&self, message: &str, status: &str) -> Value {
        until(&format!("the message is {status}"), || async {
            let message = self.get(&format!("/v1/messages/{message}")).await;
            (message["status"] == status).then_some(message)
        })
        .await
    }

    /// All messages of a chat, oldest first.
    pub(crate) async fn messages(&self, chat: &str) -> Vec<Value> {
        let mut found = self
            .all(&format!("/v1/chats/{chat}/messages?limit=200"))
            .await;
        found.reverse();
        found
    }

    /// All chats.
    pub(crate) async fn chats(&self) -> Vec<Value> {
        self.all("/v1/chats?limit=200").await
    }

    /// The chat with a phone, once there is one.
    pub(crate) async fn chat_with(&self, phone: &str) -> Value {
        until("the chat is there", || async {
            self.chats()
                .await
                .into_iter()
                .find(|chat| chat["phone"] == format!("+{phone}"))
        })
        .await
    }

    /// Every page of a list.
    pub(crate) async fn all(&self, path: &str) -> Vec<Value> {
        let mut found = Vec::new();
        let mut cursor = None::<String>;
        loop {
            let next = cursor.map(|it| format!("&cursor={it}")).unwrap_or_default();
            let page = self.get(&format!("{path}{next}")).await;
            found.extend(page["data"].as_array().unwrap().iter().cloned());
            cursor = page["next_cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                return found;
            }
        }
    }
}
