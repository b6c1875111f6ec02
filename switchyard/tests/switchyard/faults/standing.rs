//! The standing load of a cluster: many businesses, each with a number of its own, that send and receive all the time.

use std::collections::HashSet;
use std::env;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use xtask::cluster::Cluster;

use super::report::Report;
use super::traffic::{count, inbound, settled, shown};
use crate::outside::api::Api;
use crate::outside::network::Network;
use crate::outside::within;

/// Nothing waits for its acknowledgement for longer while all is well, on a busy machine, in milliseconds.
const PROMPT: u64 = 1_500;

/// A business with a linked number and one customer.
struct Shop {
    /// The same key at every replica of the API.
    apis: Vec<Api>,
    phone: String,
    customer: String,
    session: String,
}

/// A cluster whose businesses are linked.
pub(super) struct Standing {
    pub(super) cluster: Cluster,
    pub(super) network: Network,
    shops: Vec<Arc<Shop>>,
    /// Between two messages of one writer.
    pace: Duration,
    /// Codes offered and connections replaced so far.
    seen: (usize, usize),
    loads: usize,
    /// Taken out when it is to outlive the test.
    folder: Option<TempDir>,
}

/// The program under test: that of this build, unless a command built another.
fn program() -> PathBuf {
    let other = env::var_os("SWITCHYARD_TEST_PROGRAM");
    other.map_or_else(|| env!("CARGO_BIN_EXE_switchyard").into(), PathBuf::from)
}

impl Standing {
    /// Starts a cluster and links so many businesses, which together send `rate` messages a second and receive as many.
    pub(super) async fn start(
        businesses: usize,
        rate: f64,
        settings: &[(&'static str, String)],
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("cluster");
        let settings = settings.to_vec();
        let cluster = tokio::task::block_in_place(|| {
            let mut cluster = Cluster::at(&place, &program(), &settings).unwrap();
            if let Err(error) = cluster.start() {
                cluster.kill_all();
                panic!("{error:#}");
            }
            cluster
        });
        let network = Network::at(cluster.book().sim_url.clone());
        let count = f64::from(u32::try_from(businesses).unwrap());
        let mut standing = Self {
            cluster,
            network,
            shops: Vec::new(),
            pace: Duration::from_secs_f64(count / rate),
            seen: (0, 0),
            loads: 0,
            folder: Some(folder),
        };
        for number in 0..businesses {
            let shop = standing.shop(number).await;
            standing.shops.push(Arc::new(shop));
        }
        standing.seen = standing.witnessed().await;
        standing
    }

    /// Where each replica of the API is.
    fn urls(&self) -> Vec<String> {
        let apis = self.cluster.book().of("api");
        apis.map(|api| api.url.clone().unwrap()).collect()
    }

    async fn shop(&self, number: usize) -> Shop {
        let name = format!("Shop {number}");
        // Every shard has some.
        let shard = u16::try_from(number % 3 + 1).unwrap();
        let key =
            tokio::task::block_in_place(|| self.cluster.business(&name, Some(shard)).unwrap());
        let apis: Vec<Api> = self
            .urls()
            .into_iter()
            .map(|url| Api::new(url, key.clone()))
            .collect();
        let (phone, customer) = (format!("1555{number:07}"), format!("1666{number:07}"));
        for phone in [&phone, &customer] {
            self.network.phone(phone).await;
        }
        let session = apis[0].new_session("Front desk").await;
        let qr = apis[0].qr(&session).await;
        self.network.scan(&phone, &qr).await;
        apis[0].session_in(&session, "connected").await;
        Shop {
            apis,
            phone,
            customer,
            session,
        }
    }

    /// Codes that were offered, and connections of a holder that another login of ours had replaced and that lost to it.
    async fn witnessed(&self) -> (usize, usize) {
        let offered = self.network.log("qr_offered").await.len();
        let replaced = self.network.log("replaced").await;
        let newer: HashSet<String> = replaced
            .iter()
            .map(|row| row["kicked_by"].to_string())
            .collect();
        let holders = replaced
            .iter()
            .filter(|row| newer.contains(&row["socket"].to_string()));
        (offered, holders.count())
    }

    /// Waits until every number is connected.
    pub(super) async fn connected(&self, patience: Duration) {
        let all = self.shops.iter().map(|shop| async move {
            within(patience, "a number is connected again", || async {
                let path = format!("/v1/sessions/{}", shop.session);
                let session = shop.apis[0].body(&path).await?;
                (session["state"] == "connected").then_some(())
            })
            .await;
        });
        join_all(all).await;
    }

    /// Starts the writers.
    pub(super) fn load(&mut self) -> Load {
        self.loads += 1;
        let end = Arc::new(AtomicBool::new(false));
        let accepted = Arc::new(AtomicUsize::new(0));
        let run = self.loads;
        let writers = self.shops.iter().map(|shop| {
            let (shop, end) = (Arc::clone(shop), Arc::clone(&end));
            let (network, accepted) = (self.network.clone(), Arc::clone(&accepted));
            let pace = self.pace;
            tokio::spawn(async move {
                tokio::join!(
                    send(&shop, run, pace, &end, &accepted),
                    write(&shop, run, &network, pace, &end)
                )
            })
        });
        Load {
            writers: writers.collect(),
            end,
            accepted,
        }
    }

    /// How many numbers a shard holds.
    pub(super) fn held_by(&self, shard: &str) -> u32 {
        let (_, number) = shard.rsplit_once('-').unwrap();
        let held = format!(
            "select count(*) from session_leases join shards using (incarnation) where number = {number} and state <> 'lost'"
        );
        let held = tokio::task::block_in_place(|| self.cluster.sql(&held).unwrap());
        held.trim().parse().unwrap()
    }

    /// Moves the first business to a shard, as an operator would.
    pub(super) async fn move_to(&self, shard: u16, patience: Duration) {
        let book = self.cluster.book();
        let anonymous = Api::new(self.urls().swap_remove(0), String::new());
        let login = json!({ "email": book.email, "password": book.password });
        let operator = anonymous.post("/v1/auth/login", login).await;
        let token = operator["access_token"].as_str().unwrap().to_owned();
        let operator = Api::new(anonymous.url().to_owned(), token);
        let me = self.shops[0].apis[0].get("/v1/me").await;
        let path = format!(
            "/v1/admin/businesses/{}/move",
            me["business"]["id"].as_str().unwrap()
        );
        operator.post(&path, json!({ "shard": shard })).await;
        within(patience, "the business is moved", || async {
            let moved = operator.body(&path).await?;
            (moved["state"] == "done").then_some(())
        })
        .await;
    }

    /// How long the oldest message of ours that is not acknowledged has waited, in milliseconds.
    fn oldest(&self) -> u64 {
        let oldest = "select greatest(0, coalesce(extract(epoch from now()) * 1000 - min(created_at), 0))::bigint
             from messages where status in ('queued', 'sending')";
        let answer = tokio::task::block_in_place(|| self.cluster.sql(oldest));
        // While the server is away nobody knows.
        answer
            .ok()
            .and_then(|it| it.parse().ok())
            .unwrap_or(u64::MAX)
    }

    /// How long it takes until as many are accepted as `before` a second, within a twentieth, and none waits for long.
    pub(super) async fn back(&self, load: &Load, before: f64, patience: Duration) -> Duration {
        let start = Instant::now();
        within(patience, "the load flows as before", || async {
            let rate = load.rate(Duration::from_secs(2)).await;
            (rate >= 0.95 * before && self.oldest() <= PROMPT).then_some(())
        })
        .await;
        start.elapsed()
    }

    /// Ends the load and compares every ledger with what was promised.
    pub(super) async fn judge(&mut self, load: Load, fault: &str, back: Option<Duration>) {
        load.end.store(true, Ordering::Relaxed);
        let mut report = Report {
            fault: fault.to_owned(),
            rounds: 1,
            back,
            ..Report::default()
        };
        for (shop, writer) in self.shops.clone().iter().zip(load.writers) {
            let (accepted, written) = writer.await.unwrap();
            self.compare(shop, &accepted, &written, &mut report).await;
        }
        let now = self.witnessed().await;
        (report.codes, report.replaced) = (now.0 - self.seen.0, now.1 - self.seen.1);
        self.seen = now;
        report.judged();
    }

    async fn compare(
        &self,
        shop: &Shop,
        accepted: &[String],
        written: &[String],
        report: &mut Report,
    ) {
        let api = &shop.apis[0];
        let chat = api.chat_with(&shop.customer).await["id"]
            .as_str()
            .unwrap()
            .to_owned();
        // Texts of other loads are not of this comparison.
        let run = format!("load {}, ", self.loads);
        let messages = settled(api, &chat, written).await;
        let received: Vec<&str> = inbound(&messages)
            .filter(|text| text.starts_with(&run))
            .collect();
        for unread in messages.iter().filter(|it| it["text"].is_null()) {
            println!("a row without a text: {unread}");
        }
        self.tell_missing(shop, written, &received).await;
        count(report, written, &received);
        report.disordered += usize::from(!received.iter().eq(written.iter()));
        let shown = shown(&self.network, &shop.phone, &shop.customer, accepted).await;
        let shown: Vec<&str> = shown
            .iter()
            .map(String::as_str)
            .filter(|text| text.starts_with(&run))
            .collect();
        count(report, accepted, &shown);
        report.disordered += usize::from(!shown.iter().eq(accepted.iter()));
        report.accepted += accepted.len();
        report.inbound += written.len();
    }
}

impl Standing {
    /// Of what a customer wrote and nobody has: what the network knows of it.
    async fn tell_missing(&self, shop: &Shop, written: &[String], received: &[&str]) {
        let received: HashSet<&str> = received.iter().copied().collect();
        let missing: Vec<&String> = written
            .iter()
            .filter(|text| !received.contains(text.as_str()))
            .collect();
        if missing.is_empty() {
            return;
        }
        let rows = self.network.ledger(&shop.phone).await;
        for row in rows.iter().filter(|row| {
            let text = row["text"].as_str().unwrap_or_default();
            missing.iter().any(|it| *it == text)
        }) {
            println!("missing at {}: {row}", shop.session);
        }
    }
}

impl Drop for Standing {
    /// What a failed test leaves is kept, with the logs of all processes.
    fn drop(&mut self) {
        self.cluster.kill_all();
        if let Some(folder) = self.folder.take().filter(|_| std::thread::panicking()) {
            println!("kept: {}", folder.keep().display());
        }
    }
}

/// Writers that run.
pub(super) struct Load {
    writers: Vec<JoinHandle<(Vec<String>, Vec<String>)>>,
    end: Arc<AtomicBool>,
    accepted: Arc<AtomicUsize>,
}

impl Load {
    /// How many are accepted a second, over so long.
    pub(super) async fn rate(&self, span: Duration) -> f64 {
        let before = self.accepted.load(Ordering::Relaxed);
        let start = Instant::now();
        // What flows can only be counted while time passes.
        tokio::time::sleep(span).await;
        let count = self.accepted.load(Ordering::Relaxed) - before;
        f64::from(u32::try_from(count).unwrap()) / start.elapsed().as_secs_f64()
    }
}

/// Sends numbered texts, each until it is accepted, at one replica after the other.
async fn send(
    shop: &Shop,
    run: usize,
    pace: Duration,
    end: &AtomicBool,
    count: &AtomicUsize,
) -> Vec<String> {
    let (mut accepted, mut turn) = (Vec::new(), 0);
    let mut pace = tokio::time::interval(pace);
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
            match answer.await {
                Some((StatusCode::ACCEPTED, _)) => break,
                // A broken connection says nothing; the same key makes the repetition harmless.
                Some((status, answer)) if !status.is_server_error() => panic!("{status} {answer}"),
                _ => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
        accepted.push(text);
        count.fetch_add(1, Ordering::Relaxed);
    }
    accepted
}

async fn write(
    shop: &Shop,
    run: usize,
    network: &Network,
    pace: Duration,
    end: &AtomicBool,
) -> Vec<String> {
    let mut written = Vec::new();
    let mut pace = tokio::time::interval(pace);
    while !end.load(Ordering::Relaxed) {
        pace.tick().await;
        let text = format!(
            "load {run}, from {}, number {}",
            shop.customer,
            written.len()
        );
        network.write(&shop.customer, &shop.phone, &text).await;
        written.push(text);
    }
    written
}
