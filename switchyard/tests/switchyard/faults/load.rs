//! The load itself: writers that send and receive without a pause, and what they heard of the API.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior};
use xtask::cluster::book::Book;

use crate::outside::api::Api;
use crate::outside::network::Network;

/// A business with a linked number and one customer.
pub(super) struct Shop {
    /// The same key at every replica of the API.
    pub(super) apis: Vec<Api>,
    pub(super) key: String,
    pub(super) phone: String,
    pub(super) customer: String,
    pub(super) session: String,
}

impl Shop {
    /// The same shop, which asks nginx.
    pub(super) fn behind(&self, book: &Book) -> Self {
        let (url, key) = (book.nginx_url.clone(), self.key.clone());
        let api = Api::trusting(&book.certificate, url, key);
        Self {
            apis: vec![api],
            key: self.key.clone(),
            phone: self.phone.clone(),
            customer: self.customer.clone(),
            session: self.session.clone(),
        }
    }
}

/// Writers that run.
pub(super) struct Load {
    pub(super) writers: Vec<JoinHandle<(Vec<String>, Vec<String>)>>,
    end: Arc<AtomicBool>,
    pub(super) heard: Arc<Heard>,
}

/// What the API said to those who send, and how much customers have written.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) written: AtomicUsize,
    pub(super) accepted: AtomicUsize,
    pub(super) internal: AtomicUsize,
    pub(super) unavailable: AtomicUsize,
    pub(super) unanswered: AtomicUsize,
}

impl Load {
    /// Starts a writer and a customer for each shop, whose texts name the run.
    pub(super) fn start(
        shops: &[Arc<Shop>],
        run: usize,
        network: &Network,
        pace: Duration,
    ) -> Self {
        let end = Arc::new(AtomicBool::new(false));
        let heard = Arc::new(Heard::default());
        let writers = shops.iter().map(|shop| {
            let (shop, end) = (Arc::clone(shop), Arc::clone(&end));
            let (network, heard) = (network.clone(), Arc::clone(&heard));
            tokio::spawn(async move {
                tokio::join!(
                    send(&shop, run, pace, &end, &heard),
                    write(&shop, run, &network, pace, &end, &heard)
                )
            })
        });
        Self {
            writers: writers.collect(),
            end,
            heard,
        }
    }

    /// Each writer ends after what it has begun.
    pub(super) fn end(&self) {
        self.end.store(true, Ordering::Relaxed);
    }

    /// How many were accepted.
    pub(super) fn accepted(&self) -> usize {
        self.heard.accepted.load(Ordering::Relaxed)
    }

    /// How many are accepted a second, over so long.
    pub(super) async fn rate(&self, span: Duration) -> f64 {
        let before = self.accepted();
        let start = Instant::now();
        // What flows can only be counted while time passes.
        tokio::time::sleep(span).await;
        let count = self.accepted() - before;
        f64::from(u32::try_from(count).unwrap()) / start.elapsed().as_secs_f64()
    }
}

/// Sends numbered texts, each until it is accepted, at one replica after the other.
async fn send(
    shop: &Shop,
    run: usize,
    pace: Duration,
    end: &AtomicBool,
    heard: &Heard,
) -> Vec<String> {
    let (mut accepted, mut turn) = (Vec::new(), 0);
    let mut pace = paced(pace);
    while !end.load(Ordering::Relaxed) {
        pace.tick().await;
        let text = format!(
            "load {run}, to {}, number {}",
            shop.customer,
            accepted.len()
        );
        let body = json!({ "to": shop.customer, "text": text });
        loop {
            turn += 1;
            let api = &shop.apis[turn % shop.apis.len()];
            let answer = api.attempt(Method::POST, "/v1/messages", Some(&body), Some(&text));
            let trouble = match answer.await {
                Some((StatusCode::ACCEPTED, _)) => break,
                Some((StatusCode::INTERNAL_SERVER_ERROR, answer)) => {
                    println!("500: {answer}");
                    &heard.internal
                }
                Some((status, answer)) if !status.is_server_error() => panic!("{status} {answer}"),
                Some(_) => &heard.unavailable,
                // A broken connection says nothing; the same key makes the repetition harmless.
                None => &heard.unanswered,
            };
            trouble.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        accepted.push(text);
        heard.accepted.fetch_add(1, Ordering::Relaxed);
    }
    accepted
}

/// Whoever had to wait does not hurry afterwards: what is accepted is then as much as before, and not more.
fn paced(pace: Duration) -> Interval {
    let mut pace = tokio::time::interval(pace);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace
}

async fn write(
    shop: &Shop,
    run: usize,
    network: &Network,
    pace: Duration,
    end: &AtomicBool,
    heard: &Heard,
) -> Vec<String> {
    let mut written = Vec::new();
    let mut pace = paced(pace);
    while !end.load(Ordering::Relaxed) {
        pace.tick().await;
        let text = format!(
            "load {run}, from {}, number {}",
            shop.customer,
            written.len()
        );
        network.write(&shop.customer, &shop.phone, &text).await;
        written.push(text);
        heard.written.fetch_add(1, Ordering::Relaxed);
    }
    written
}
