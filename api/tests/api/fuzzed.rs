//! Rubbish at every door of the API: bodies, ids, cursors, tokens and headers that nobody would send on purpose. No
//! answer is a fault of ours, none is outside the description, and the API still serves afterwards.

use std::env;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value, json};
use switchyard_core::permission::Scope;

use crate::app::{Answer, Client, TestApp};
use crate::operating::operator;
use crate::targets::Targets;

/// How long to go on; `cargo xtask faults` asks for more.
fn span() -> Duration {
    let seconds = env::var("SWITCHYARD_FUZZ_S").ok();
    Duration::from_secs(seconds.map_or(5, |text| text.parse().unwrap()))
}

/// A seed of today, or the one that failed.
fn seed() -> u64 {
    let given = env::var("SWITCHYARD_FUZZ_SEED").ok();
    given.map_or_else(rand::random, |text| text.parse().unwrap())
}

/// What has broken parsers before.
const SPITEFUL: [&str; 20] = [
    "",
    " ",
    "\0",
    "../../etc/passwd",
    "%00",
    "%",
    "-1",
    "0",
    "9223372036854775807",
    "9223372036854775808",
    "1e400",
    "NaN",
    "ses_00000000000000000000000000000000",
    "ses_zz",
    "msg_\u{202e}",
    "+",
    "+972501234567:3@s.whatsapp.net",
    "1@lid",
    "9999-12-31T23:59:60.999Z",
    "' or 1=1 --",
];

/// One who makes things up.
struct Rubbish(StdRng);

impl Rubbish {
    fn one_in(&mut self, n: u32) -> bool {
        self.0.random_range(0..n) == 0
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.0.random_range(0..from.len())]
    }

    fn text(&mut self) -> String {
        if self.one_in(2) {
            return (*self.pick(&SPITEFUL)).to_owned();
        }
        let length = if self.one_in(20) {
            self.0.random_range(0..6_000)
        } else {
            self.0.random_range(0..40)
        };
        (0..length).map(|_| self.0.random::<char>()).collect()
    }

    fn value(&mut self, depth: u32) -> Value {
        match self.0.random_range(0..if depth > 3 { 6 } else { 8 }) {
            0 => Value::Null,
            1 => json!(self.0.random::<bool>()),
            2 => json!(self.0.random::<i64>()),
            3 => json!(self.0.random::<f64>() * 1e300),
            4 | 5 => json!(self.text()),
            6 => (0..self.0.random_range(0..4))
                .map(|_| self.value(depth + 1))
                .collect(),
            _ => {
                let fields =
                    (0..self.0.random_range(0..4)).map(|_| (self.text(), self.value(depth + 1)));
                Value::Object(fields.collect::<Map<_, _>>())
            }
        }
    }

    /// A body that was good, with something else in it.
    fn spoilt(&mut self, body: &Value) -> Vec<u8> {
        let mut body = body.clone();
        if let Value::Object(fields) = &mut body {
            let names: Vec<String> = fields.keys().cloned().collect();
            if !names.is_empty() {
                let name = self.pick(&names).clone();
                fields.insert(name, self.value(0));
            }
            if self.one_in(4) {
                fields.insert(self.text(), self.value(0));
            }
        }
        let mut bytes = match self.0.random_range(0..6) {
            0 => serde_json::to_vec(&self.value(0)).unwrap(),
            1 => "[".repeat(self.0.random_range(0..100_000)).into_bytes(),
            _ => serde_json::to_vec(&body).unwrap(),
        };
        if self.one_in(3) && !bytes.is_empty() {
            let at = self.0.random_range(0..bytes.len());
            match self.0.random_range(0..3) {
                0 => bytes.truncate(at),
                1 => bytes[at] = self.0.random(),
                _ => bytes.insert(at, self.0.random()),
            }
        }
        bytes
    }

    /// The path with another id now and then, and a query.
    fn path(&mut self, path: &str) -> String {
        let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
        for part in &mut parts {
            if part.contains('_') && self.one_in(2) {
                *part = encoded(&self.text());
            }
        }
        let mut path = parts.join("/");
        if self.one_in(2) {
            let names = [
                "cursor",
                "limit",
                "after",
                "q",
                "unread",
                "session_id",
                "by",
                "from",
            ];
            let (name, value) = (*self.pick(&names), encoded(&self.text()));
            path = format!("{path}?{name}={value}");
        }
        path
    }

    fn headers(&mut self, mut request: RequestBuilder) -> RequestBuilder {
        let names = [
            "idempotency-key",
            "last-event-id",
            "x-request-id",
            "accept",
            "if-none-match",
            "x-forwarded-for",
            "cookie",
            "content-type",
            "content-encoding",
        ];
        for _ in 0..self.0.random_range(0..3) {
            let name = HeaderName::from_static(self.pick::<&str>(&names));
            let value = if name == "cookie" {
                format!("sy={}", self.text())
            } else {
                self.text()
            };
            if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
                request = request.header(name, value);
            }
        }
        request
    }
}

/// As a part of a path or a query, most of it escaped.
fn encoded(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().take(1_000).map(escape).collect()
}

/// Every operation, with something that it takes.
async fn operations(targets: &Targets<'_>) -> Vec<(Method, String, Value)> {
    let description = serde_json::to_value(api::openapi()).unwrap();
    let mut found = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let name = format!("{method} {path}");
            let (path, body) = targets.build(&name).await;
            found.push((method.to_uppercase().parse().unwrap(), path, body));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_rubbish_is_answered_with_a_fault_of_ours() {
    let seed = seed();
    println!("SWITCHYARD_FUZZ_SEED={seed}");
    let mut rubbish = Rubbish(StdRng::seed_from_u64(seed));
    let app = TestApp::start().await;
    let ada = app.business("ada@example.com").await;
    let targets = Targets::of(&app, ada.business).await;
    let (_, key) = app
        .key_at(ada.business, &Scope::ALL, 1_000_000, 1_000_000)
        .await;
    let callers: [Client; 3] = [key.clone(), app.anonymous(), operator(&app).await];
    let operations = operations(&targets).await;
    let (start, mut asked) = (Instant::now(), 0_u32);
    while start.elapsed() < span() {
        let (method, path, body) = rubbish.pick(&operations).clone();
        let mut caller = rubbish.pick(&callers).clone();
        if rubbish.one_in(10) {
            let token: String = rubbish
                .text()
                .chars()
                .filter(char::is_ascii_graphic)
                .collect();
            caller = caller.with(&token);
        }
        if path == "/v1/auth/logout" {
            // It ends the credential that it is asked with.
            caller = app.user(&ada.user).await;
        }
        let mut request = caller.request(method.clone(), &rubbish.path(&path));
        if method != Method::GET {
            request = request
                .header("content-type", "application/json")
                .body(rubbish.spoilt(&body));
        }
        let answer = Answer::of(rubbish.headers(request)).await;
        assert!(
            answer.status < 500,
            "seed {seed}: {method} {path}: {} {}",
            answer.status,
            answer.body
        );
        asked += 1;
    }
    println!("{asked} requests");
    assert!(asked > 100, "{asked}");
    let alive = key.get("/v1/me").await;
    assert_eq!(alive.status, 200, "{:?}", alive.body);
    app.end().await;
}
