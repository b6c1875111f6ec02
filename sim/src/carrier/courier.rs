//! Delivers one request to a business: signed, within its terms, repeated where they say so.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_TYPE, LOCATION};
use reqwest::{Client, Method, Url};
use tokio::time::{Instant, timeout_at};

use super::address::{Address, Terms, is_loopback};
use super::signature::{HEADER, sign};

/// The largest answer: Twilio's limit of a document, 11750 when it is exceeded. Audio has a limit of its own.
pub(crate) const DOCUMENT: usize = 64 * 1024;

/// How many redirections are followed.
const HOPS: usize = 10;

/// How many distinct connect times have a client of their own; what comes after shares the last one made.
const CLIENTS: usize = 32;

/// One request.
#[derive(Clone)]
pub(crate) struct Order {
    /// Where to.
    pub(crate) address: Address,
    /// How; a GET carries the form in its query.
    pub(crate) method: Method,
    /// What is said.
    pub(crate) form: Vec<(String, String)>,
    /// The secret that signs it.
    pub(crate) token: String,
    /// The same for all attempts.
    pub(crate) idempotency: String,
    /// The most bytes that are read of the answer.
    pub(crate) largest: usize,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status.
    pub(crate) status: u16,
    /// The type of the body, without parameters.
    pub(crate) content_type: String,
    /// The body.
    pub(crate) body: Bytes,
    /// From where, after redirections.
    pub(crate) url: Url,
    /// How many attempts it took.
    pub(crate) attempts: u32,
}

/// Why there is no answer, by the number in Twilio's list of errors.
#[derive(Debug)]
pub(crate) struct Failure {
    /// 11200 none or none that can be read, 11205 no connection, 11750 too large.
    pub(crate) code: u32,
    /// In words.
    pub(crate) why: String,
    /// How many attempts it took.
    pub(crate) attempts: u32,
}

/// One attempt that failed.
struct Miss {
    code: u32,
    why: String,
    again: bool,
}

/// Delivers requests.
pub(crate) struct Courier {
    clients: Mutex<HashMap<u64, Client>>,
}

impl Courier {
    /// A courier that has asked nobody yet.
    pub(crate) fn new() -> Self {
        Self {
            clients: Mutex::default(),
        }
    }

    /// Connect times are a property of clients, so each has its own.
    fn client(&self, connect: Duration) -> anyhow::Result<Client> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let key = u64::try_from(connect.as_millis()).unwrap_or(u64::MAX);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        if clients.len() >= CLIENTS {
            clients.clear();
        }
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(connect)
            .user_agent("TwilioProxy/1.1")
            .build()?;
        clients.insert(key, client.clone());
        Ok(client)
    }

    /// Asks, and asks again where the terms say so, until there is an answer or the time is over. An answer of any
    /// status counts, unless its terms repeat it and time is left.
    pub(crate) async fn deliver(&self, order: &Order) -> Result<Answer, Failure> {
        let terms = order.address.terms;
        let end = Instant::now() + terms.total;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let last = attempts > terms.retries;
            let missed = match self.attempt(order, end).await {
                Ok(answer) if !last && repeats(terms, answer.status) => continue,
                Ok(answer) => return Ok(Answer { attempts, ..answer }),
                Err(missed) => missed,
            };
            if last || !missed.again || Instant::now() >= end {
                return Err(Failure {
                    code: missed.code,
                    why: missed.why,
                    attempts,
                });
            }
        }
    }

    async fn attempt(&self, order: &Order, end: Instant) -> Result<Answer, Miss> {
        let mut url = order.address.url.clone();
        let mut method = order.method.clone();
        for _ in 0..HOPS {
            let answer = self.ask(order, &url, &method, end).await?;
            let Some(next) = answer.next else {
                return Ok(answer.answer);
            };
            let next = url.join(&next).map_err(|error| miss(error.to_string()))?;
            if !is_loopback(&next) {
                return Err(miss("it leads away from this machine".to_owned()));
            }
            // After 301 to 303 a browser asks by GET, and so does Twilio.
            if answer.answer.status < 307 {
                method = Method::GET;
            }
            url = next;
        }
        Err(miss("it leads in a circle".to_owned()))
    }

    async fn ask(
        &self,
        order: &Order,
        url: &Url,
        method: &Method,
        end: Instant,
    ) -> Result<Part, Miss> {
        let terms = order.address.terms;
        let client = self
            .client(terms.connect)
            .map_err(|error| miss(error.to_string()))?;
        let mut url = url.clone();
        let mut form = order.form.as_slice();
        if *method == Method::GET && !form.is_empty() {
            url.query_pairs_mut().extend_pairs(form.iter());
            form = &[];
        }
        let mut request = client
            .request(method.clone(), url.clone())
            .header(HEADER, sign(&order.token, url.as_str(), form))
            .header("I-Twilio-Idempotency-Token", &order.idempotency)
            .header("Accept", "*/*");
        if *method != Method::GET {
            request = request
                .header(
                    CONTENT_TYPE,
                    "application/x-www-form-urlencoded; charset=UTF-8",
                )
                .form(form);
        }
        let until = |limit: Duration| end.min(Instant::now() + limit);
        let sent = timeout_at(until(terms.read), request.send()).await;
        let mut response = match sent {
            Ok(Ok(response)) => response,
            Ok(Err(error)) if error.is_connect() => {
                return Err(Miss {
                    code: 11205,
                    why: "no connection".to_owned(),
                    again: terms.policy.connect,
                });
            }
            // A connection that is cut under a request is like an answer that never comes.
            Ok(Err(_)) => return Err(late(terms, "the connection was cut")),
            Err(_elapsed) => return Err(late(terms, "no answer in time")),
        };
        let mut body = BytesMut::new();
        loop {
            match timeout_at(until(terms.read), response.chunk()).await {
                Ok(Ok(Some(chunk))) if body.len() + chunk.len() > order.largest => {
                    return Err(Miss {
                        code: 11750,
                        why: "the answer is too large".to_owned(),
                        again: false,
                    });
                }
                Ok(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
                Ok(Ok(None)) => break,
                Ok(Err(_)) => return Err(late(terms, "the answer was cut")),
                Err(_elapsed) => return Err(late(terms, "the answer stopped")),
            }
        }
        Ok(part(&response, body.freeze(), url))
    }
}

/// An answer, and where it leads when it is a redirection.
struct Part {
    answer: Answer,
    next: Option<String>,
}

fn part(response: &reqwest::Response, body: Bytes, url: Url) -> Part {
    let header = |name| {
        response
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let content_type = header(CONTENT_TYPE)
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_lowercase();
    let next = (response.status().is_redirection() && !header(LOCATION).is_empty())
        .then(|| header(LOCATION).to_owned());
    Part {
        answer: Answer {
            status: response.status().as_u16(),
            content_type,
            body,
            url,
            attempts: 1,
        },
        next,
    }
}

fn repeats(terms: Terms, status: u16) -> bool {
    match status {
        400..=499 => terms.policy.client,
        500..=599 => terms.policy.server,
        _ => false,
    }
}

fn miss(why: String) -> Miss {
    Miss {
        code: 11200,
        why,
        again: false,
    }
}

fn late(terms: Terms, why: &str) -> Miss {
    Miss {
        code: 11200,
        why: why.to_owned(),
        again: terms.policy.read,
    }
}
