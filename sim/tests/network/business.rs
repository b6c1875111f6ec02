//! The side of a business: a server that answers what the telephone network asks, and remembers it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use serde_json::{Value, json};
use switchyard_sim::{Network, NetworkOptions};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::client::PATIENCE;
use crate::control::Control;

/// The number of the business.
pub(crate) const SHOP: &str = "+15550001111";
/// Somebody who calls it.
pub(crate) const CALLER: &str = "+15550002222";
/// The account that the network starts with.
pub(crate) const ACCOUNT: &str = "AC00000000000000000000000000000001";
/// Its secret.
pub(crate) const TOKEN: &str = "12345678901234567890123456789012";

/// What is answered at one path.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: Vec<u8>,
    /// Answered only after the test says so.
    pub(crate) held: bool,
}

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) url: String,
    pub(crate) body: Vec<u8>,
    pub(crate) form: HashMap<String, String>,
    pub(crate) signature: String,
    pub(crate) token: String,
}

#[derive(Default)]
struct Kept {
    replies: Mutex<HashMap<String, Vec<Reply>>>,
    asked: Mutex<Vec<Asked>>,
    changed: Notify,
    release: Notify,
}

/// The server.
pub(crate) struct Business {
    kept: Arc<Kept>,
    pub(crate) url: String,
}

/// A network whose calls go a hundred times as fast as the world's, and a business with a number on it.
pub(crate) async fn network_with_business() -> (Network, Control, Business) {
    let options = NetworkOptions {
        call_scale: 100.0,
        ..NetworkOptions::default()
    };
    let network = Network::start(options).await.expect("a network");
    let control = Control::of(&network);
    let business = Business::start();
    business.take_number(&control).await;
    (network, control, business)
}

impl Business {
    /// Starts it; every path answers 404 until it is told otherwise.
    pub(crate) fn start() -> Self {
        let kept = Arc::new(Kept::default());
        let shared = Data::from(Arc::clone(&kept));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .default_service(web::to(answer))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .expect("a server")
        .run();
        tokio::spawn(server);
        Self { kept, url }
    }

    /// The number is this business's: `/voice`, `/fallback`, `/status`.
    pub(crate) async fn take_number(&self, control: &Control) {
        let number = json!({
            "phone": SHOP,
            "voice_url": format!("{}/voice", self.url),
            "fallback_url": format!("{}/fallback", self.url),
            "status_url": format!("{}/status", self.url),
        });
        let (status, answer) = control.post("/carrier/numbers", number).await;
        assert_eq!(status, 201, "{answer}");
        self.reply("/status", 204, "text/plain", "");
    }

    /// What `path` answers from now on.
    pub(crate) fn reply(
        &self,
        path: &str,
        status: u16,
        content_type: &'static str,
        body: impl Into<Vec<u8>>,
    ) {
        let reply = Reply {
            status,
            content_type,
            body: body.into(),
            held: false,
        };
        self.set(path, vec![reply]);
    }

    /// What `path` answers, one after the other; the last one stays.
    pub(crate) fn set(&self, path: &str, replies: Vec<Reply>) {
        lock(&self.kept.replies).insert(path.to_owned(), replies);
    }

    /// The document that `path` answers; `{url}` stands for the address of this server.
    pub(crate) fn twiml(&self, path: &str, verbs: &str) {
        self.reply(path, 200, "text/xml", self.document(verbs));
    }

    /// A document.
    pub(crate) fn document(&self, verbs: &str) -> String {
        let verbs = verbs.replace("{url}", &self.url);
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>{verbs}</Response>")
    }

    /// As `twiml`, but answered only after [`Business::release`].
    pub(crate) fn hold(&self, path: &str, verbs: &str) {
        let reply = Reply {
            status: 200,
            content_type: "text/xml",
            body: self.document(verbs).into_bytes(),
            held: true,
        };
        self.set(path, vec![reply]);
    }

    /// Answers everything that is held.
    pub(crate) fn release(&self) {
        self.kept.release.notify_waiters();
    }

    /// Everything that was asked at `path` so far.
    pub(crate) fn asked(&self, path: &str) -> Vec<Asked> {
        let asked = lock(&self.kept.asked);
        asked
            .iter()
            .filter(|one| one.path == path)
            .cloned()
            .collect()
    }

    /// Every path that was asked so far.
    pub(crate) fn paths(&self) -> Vec<String> {
        lock(&self.kept.asked)
            .iter()
            .map(|one| one.path.clone())
            .collect()
    }

    /// Waits until `path` was asked so often; the last of them.
    pub(crate) async fn wait(&self, path: &str, times: usize) -> Asked {
        let found = timeout(PATIENCE, async {
            loop {
                let changed = self.kept.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if let Some(asked) = times
                    .checked_sub(1)
                    .and_then(|n| self.asked(path).get(n).cloned())
                {
                    return asked;
                }
                changed.await;
            }
        });
        found
            .await
            .unwrap_or_else(|_| panic!("{path} is not asked {times} times: {:?}", self.paths()))
    }
}

async fn answer(kept: Data<Kept>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let header = |name: &str| {
        let value = request.headers().get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let path = request.path().to_owned();
    let form = web::Query::<HashMap<String, String>>::from_query(
        std::str::from_utf8(&body).unwrap_or_default(),
    );
    let asked = Asked {
        url: format!("http://{}{}", header("Host"), request.uri()),
        form: form.map(web::Query::into_inner).unwrap_or_default(),
        body: body.to_vec(),
        signature: header("X-Twilio-Signature"),
        token: header("I-Twilio-Idempotency-Token"),
        path: path.clone(),
    };
    let reply = {
        let mut replies = lock(&kept.replies);
        replies.get_mut(&path).map(|replies| {
            if replies.len() > 1 {
                replies.remove(0)
            } else {
                replies[0].clone()
            }
        })
    };
    let released = kept.release.notified();
    tokio::pin!(released);
    released.as_mut().enable();
    lock(&kept.asked).push(asked);
    kept.changed.notify_waiters();
    let Some(reply) = reply else {
        return HttpResponse::NotFound().finish();
    };
    if reply.held {
        released.await;
    }
    HttpResponse::build(actix_web::http::StatusCode::from_u16(reply.status).expect("a status"))
        .content_type(reply.content_type)
        .body(reply.body)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody failed")
}

/// Somebody calls the business; the call's name.
pub(crate) async fn dial(control: &Control, call: Value) -> String {
    let (status, answer) = control.post("/calls", call).await;
    assert_eq!(status, 201, "{answer}");
    answer["sid"].as_str().expect("a name").to_owned()
}

/// [`CALLER`] calls [`SHOP`].
pub(crate) async fn ring(control: &Control) -> String {
    dial(control, json!({ "from": CALLER, "to": SHOP })).await
}

impl Control {
    /// Waits until the ledger of a call is as wanted.
    pub(crate) async fn call_ledger(
        &self,
        sid: &str,
        wanted: impl Fn(&[Value]) -> bool,
    ) -> Vec<Value> {
        let path = format!("/calls/{sid}/ledger");
        let end = tokio::time::Instant::now() + PATIENCE;
        loop {
            let rows = self.get(&path).await;
            if wanted(&rows) {
                return rows;
            }
            assert!(tokio::time::Instant::now() < end, "not in time: {rows:#?}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// Waits until a call has an entry of that kind with that value; the entry.
    pub(crate) async fn entry(&self, sid: &str, kind: &str, field: &str, value: Value) -> Value {
        let fits = |row: &Value| row["kind"] == kind && row[field] == value;
        let rows = self.call_ledger(sid, |rows| rows.iter().any(fits)).await;
        rows.into_iter().find(fits).expect("it was there")
    }

    /// Waits until a call has ended like that.
    pub(crate) async fn call_ends(&self, sid: &str, status: &str) -> Vec<Value> {
        let ended = |row: &Value| {
            let ends = ["completed", "busy", "failed", "no-answer", "canceled"];
            row["kind"] == "status" && ends.iter().any(|end| row["status"] == *end)
        };
        let rows = self.call_ledger(sid, |rows| rows.iter().any(ended)).await;
        let last = rows.iter().find(|row| ended(row)).expect("it was there");
        assert_eq!(last["status"], status, "{rows:#?}");
        rows
    }

    /// `GET` of something that is one object.
    pub(crate) async fn one(&self, path: &str) -> Value {
        let answer = self.raw(path).await;
        answer.json().await.expect("JSON")
    }
}

/// The errors of a ledger.
pub(crate) fn errors(rows: &[Value]) -> Vec<&Value> {
    rows.iter().filter(|row| row["kind"] == "error").collect()
}
