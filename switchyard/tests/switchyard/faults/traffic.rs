//! A stream of messages both ways that goes on while the product dies and comes back, and the judgement over it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::report::Report;
use crate::outside::api::Api;
use crate::outside::network::Network;
use crate::outside::until;
use crate::story::{BUSINESS, CUSTOMERS};

/// Between two messages of one writer: dense enough that a kill at any moment meets some in every stage.
const PACE: Duration = Duration::from_millis(15);

/// For so long nothing need come nearer to its end.
const ARRIVAL: Duration = Duration::from_secs(45);

/// How often a whole chat is read.
const LOOK: Duration = Duration::from_secs(1);

/// Running writers: each customer writes to the business, and the business writes to each customer.
pub(crate) struct Traffic {
    stop: Arc<AtomicBool>,
    outbound: Vec<JoinHandle<Vec<String>>>,
    inbound: Vec<JoinHandle<Vec<String>>>,
    /// The API of the process that runs now.
    api: watch::Sender<Api>,
    accepted: Arc<AtomicUsize>,
}

/// What each writer was promised, per customer.
pub(crate) struct Promised {
    /// Texts that the API accepted, in the order in which it did.
    outbound: Vec<Vec<String>>,
    /// Texts that the customers wrote.
    inbound: Vec<Vec<String>>,
}

impl Traffic {
    /// Starts the writers.
    pub(crate) fn start(api: &Api, network: &Network) -> Self {
        Self::paced(api, network, PACE)
    }

    /// Starts writers that wait so long between two messages.
    pub(crate) fn paced(api: &Api, network: &Network, pace: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, receiver) = watch::channel(api.clone());
        let accepted = Arc::new(AtomicUsize::new(0));
        let outbound = CUSTOMERS.map(|customer| {
            let (stop, accepted) = (Arc::clone(&stop), Arc::clone(&accepted));
            tokio::spawn(send(receiver.clone(), customer, pace, stop, accepted))
        });
        let inbound = CUSTOMERS.map(|customer| {
            tokio::spawn(write(network.clone(), customer, pace, Arc::clone(&stop)))
        });
        Self {
            stop,
            outbound: outbound.into(),
            inbound: inbound.into(),
            api: sender,
            accepted,
        }
    }

    /// How many messages of ours were accepted so far.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    /// The product came back, maybe at another address.
    pub(crate) fn now_at(&self, api: &Api) {
        self.api.send_replace(api.clone());
    }

    /// Ends the writers, each after its message in hand was accepted.
    pub(crate) async fn end(self) -> Promised {
        self.stop.store(true, Ordering::Relaxed);
        let mut promised = Promised {
            outbound: Vec::new(),
            inbound: Vec::new(),
        };
        for writer in self.outbound {
            promised.outbound.push(writer.await.unwrap());
        }
        for writer in self.inbound {
            promised.inbound.push(writer.await.unwrap());
        }
        promised
    }
}

/// Sends numbered texts, one after the other, each until it is accepted.
async fn send(
    mut api: watch::Receiver<Api>,
    to: &str,
    pace: Duration,
    stop: Arc<AtomicBool>,
    count: Arc<AtomicUsize>,
) -> Vec<String> {
    let mut accepted = Vec::new();
    let mut pace = tokio::time::interval(pace);
    while !stop.load(Ordering::Relaxed) {
        let text = format!("to {to}, number {}", accepted.len());
        let body = json!({ "to": to, "text": text });
        loop {
            pace.tick().await;
            let current = api.borrow_and_update().clone();
            let answer = current
                .attempt(Method::POST, "/v1/messages", Some(&body), Some(&text))
                .await;
            match answer {
                Some((StatusCode::ACCEPTED, _)) => break,
                // A broken connection says nothing; the same key makes the repetition harmless.
                None => {}
                Some((status, _)) if status.is_server_error() => {}
                Some((status, answer)) => panic!("{status} {answer}"),
            }
        }
        accepted.push(text);
        count.fetch_add(1, Ordering::Relaxed);
    }
    accepted
}

async fn write(network: Network, from: &str, pace: Duration, stop: Arc<AtomicBool>) -> Vec<String> {
    let mut written = Vec::new();
    let mut pace = tokio::time::interval(pace);
    while !stop.load(Ordering::Relaxed) {
        pace.tick().await;
        let text = format!("from {from}, number {}", written.len());
        network.write(from, BUSINESS, &text).await;
        written.push(text);
    }
    written
}

impl Promised {
    /// Waits until everything has arrived, then compares every ledger with what was promised.
    pub(crate) async fn compared(&self, api: &Api, network: &Network) -> Report {
        let mut report = Report::default();
        for (index, customer) in CUSTOMERS.into_iter().enumerate() {
            let chat = api.chat_with(customer).await["id"]
                .as_str()
                .unwrap()
                .to_owned();
            let (accepted, written) = (&self.outbound[index], &self.inbound[index]);
            let messages = settled(api, &chat, written).await;
            count(
                &mut report,
                written,
                &inbound(&messages).collect::<Vec<_>>(),
            );
            let shown = shown(network, BUSINESS, customer, accepted).await;
            let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
            count(&mut report, accepted, &shown);
            if !accepted.iter().eq(shown.iter()) {
                report.disordered += 1;
            }
            report.accepted += accepted.len();
            report.inbound += written.len();
        }
        assert!(report.accepted > 0 && report.inbound > 0, "no traffic");
        report
    }
}

/// Counts what is missing of what was promised, and what is there too often.
pub(super) fn count(report: &mut Report, promised: &[String], found: &[&str]) {
    let mut times: HashMap<&str, usize> = HashMap::new();
    for text in found {
        *times.entry(text).or_default() += 1;
    }
    for text in promised {
        if times.remove(text.as_str()).is_none_or(|it| it > 1) {
            println!("not once: {text}");
        }
    }
    let distinct: HashSet<&str> = found.iter().copied().collect();
    let there = promised.iter().filter(|it| distinct.contains(it.as_str()));
    let there = there.count();
    report.lost += promised.len() - there;
    // What nobody promised counts as too often as well.
    report.doubled += found.len() - there;
}

/// The texts of ours that a phone shows, each as often as it does; as they are after a while when the last one does
/// not come.
pub(super) async fn shown(
    network: &Network,
    business: &str,
    customer: &str,
    accepted: &[String],
) -> Vec<String> {
    let start = Instant::now();
    let rows = until("the customer's phone shows the last one", || async {
        let rows = network.ledger(customer).await;
        let last = accepted.last();
        let arrived = rows
            .iter()
            .any(|row| row["text"].as_str() == last.map(String::as_str));
        (arrived || start.elapsed() > ARRIVAL).then_some(rows)
    })
    .await;
    let ours = rows.iter().filter(|row| row["from"] == business);
    ours.flat_map(|row| {
        let text = row["text"].as_str().unwrap_or_default().to_owned();
        let times = row["shown"].as_u64().unwrap_or_default();
        std::iter::repeat_n(text, times.try_into().unwrap())
    })
    .collect()
}

/// The messages of a chat, once nothing of ours is under way and every text that was written has arrived; as they
/// are when that comes no nearer for a while. A chat sends one message at a time, so a backlog takes its time.
pub(super) async fn settled(api: &Api, chat: &str, written: &[String]) -> Vec<Value> {
    let (mut least, mut since) = (usize::MAX, Instant::now());
    let mut pace = tokio::time::interval(LOOK);
    loop {
        pace.tick().await;
        let messages = api.messages(chat).await;
        let under_way = messages.iter().filter(|message| {
            message["direction"] == "outbound"
                && ["queued", "sending"].contains(&message["status"].as_str().unwrap())
        });
        let under_way = under_way.count();
        // One that cannot be read yet is a row without its text.
        let there: HashSet<&str> = inbound(&messages).collect();
        let missing = written.iter().filter(|it| !there.contains(it.as_str()));
        let left = under_way + missing.count();
        if left < least {
            (least, since) = (left, Instant::now());
        }
        if left == 0 || since.elapsed() > ARRIVAL {
            assert_eq!(under_way, 0, "messages of ours reach no end");
            return messages;
        }
    }
}

pub(super) fn inbound(messages: &[Value]) -> impl Iterator<Item = &str> {
    let inbound = messages
        .iter()
        .filter(|message| message["direction"] == "inbound");
    inbound.map(|message| message["text"].as_str().unwrap_or("(no text)"))
}
