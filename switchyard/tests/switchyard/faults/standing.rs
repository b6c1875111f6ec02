//! The standing load of a cluster: many businesses, each with a number of its own, that send and receive all the time.

use std::collections::HashSet;
use std::env;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;
use xtask::cluster::Cluster;

use super::load::{Load, Shop};
use super::report::Report;
use super::traffic::{count, inbound, settled, shown};
use crate::outside::api::Api;
use crate::outside::network::Network;
use crate::outside::within;

/// Nothing waits for its acknowledgement for longer while all is well, on a busy machine, in milliseconds.
const PROMPT: u64 = 1_500;

/// A cluster whose businesses are linked.
pub(super) struct Standing {
    pub(super) cluster: Cluster,
    pub(super) network: Network,
    shops: Vec<Arc<Shop>>,
    /// Businesses whose numbers are connected and idle.
    pub(super) idle: Vec<Api>,
    /// Between two messages of one writer.
    pace: Duration,
    /// Codes offered, holders replaced and connections evicted so far.
    pub(super) seen: [usize; 3],
    loads: usize,
    /// How many messages of customers were there when the load began.
    inbound: usize,
    /// Taken out when it is to outlive the test.
    folder: Option<TempDir>,
}

/// The program under test: that of this build, unless a command built another.
pub(super) fn program() -> PathBuf {
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
            idle: Vec::new(),
            pace: Duration::from_secs_f64(count / rate),
            seen: [0; 3],
            loads: 0,
            inbound: 0,
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
    pub(super) fn urls(&self) -> Vec<String> {
        let apis = self.cluster.book().of("api");
        apis.map(|api| api.url.clone().unwrap()).collect()
    }

    /// From now on everybody asks nginx, as the world outside does.
    pub(super) fn through_nginx(&mut self) {
        let book = self.cluster.book();
        self.shops = self
            .shops
            .iter()
            .map(|shop| Arc::new(shop.behind(book)))
            .collect();
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
        let session = self.linked(&apis[0], &phone).await;
        Shop {
            apis,
            key,
            phone,
            customer,
            session,
        }
    }

    /// A new session of a business that a phone is linked to.
    pub(super) async fn linked(&self, api: &Api, phone: &str) -> String {
        let session = api.new_session("Front desk").await;
        let qr = api.qr(&session).await;
        self.network.scan(phone, &qr).await;
        api.session_in(&session, "connected").await;
        session
    }

    /// Codes that were offered, connections of a holder that another login of ours had replaced and that lost to it, and
    /// all connections that another login ended.
    pub(super) async fn witnessed(&self) -> [usize; 3] {
        let offered = self.network.log("qr_offered").await.len();
        let replaced = self.network.log("replaced").await;
        let newer: HashSet<String> = replaced
            .iter()
            .map(|row| row["kicked_by"].to_string())
            .collect();
        let holders = replaced
            .iter()
            .filter(|row| newer.contains(&row["socket"].to_string()));
        [offered, holders.count(), replaced.len()]
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
        for api in &self.idle {
            within(patience, "the idle numbers are connected again", || async {
                let page = api.body("/v1/sessions?limit=200").await?;
                let sessions = page["data"].as_array()?;
                let back = sessions.iter().all(|it| it["state"] == "connected");
                back.then_some(())
            })
            .await;
        }
    }

    /// Starts the writers.
    pub(super) fn load(&mut self) -> Load {
        self.loads += 1;
        self.inbound = self.received();
        Load::start(&self.shops, self.loads, &self.network, self.pace)
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

    /// An operator, signed in.
    pub(super) async fn operator(&self) -> Api {
        let book = self.cluster.book();
        let anonymous = Api::new(self.urls().swap_remove(0), String::new());
        let login = json!({ "email": book.email, "password": book.password });
        let operator = anonymous.post("/v1/auth/login", login).await;
        let token = operator["access_token"].as_str().unwrap().to_owned();
        Api::new(anonymous.url().to_owned(), token)
    }

    /// Moves the first business to a shard, as an operator would.
    pub(super) async fn move_to(&self, shard: u16, patience: Duration) {
        let operator = self.operator().await;
        let me = self.shops[0].apis[0].get("/v1/me").await;
        let path = format!(
            "/v1/admin/businesses/{}/move",
            me["business"]["id"].as_str().unwrap()
        );
        let target = json!({ "shard": shard });
        let is_asked = AtomicBool::new(false);
        within(patience, "the business is moved", || async {
            if !is_asked.load(Ordering::Relaxed) {
                let asked = operator.attempt(Method::POST, &path, Some(&target), None);
                let (status, _) = asked.await?;
                is_asked.store(status.is_success(), Ordering::Relaxed);
                return None;
            }
            let moved = operator.body(&path).await?;
            // A target that was lost on the way is what an operator is told of, who asks again.
            is_asked.store(moved["state"] != "failed", Ordering::Relaxed);
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

    /// How many messages of customers are written down; none while the server is away.
    fn received(&self) -> usize {
        let rows = "select count(*) from messages where direction = 'inbound'";
        let answer = tokio::task::block_in_place(|| self.cluster.sql(rows));
        answer.ok().and_then(|it| it.parse().ok()).unwrap_or(0)
    }

    /// How many messages of customers of this load are not written down yet.
    fn unread(&self, load: &Load) -> usize {
        let written = load.heard.written.load(Ordering::Relaxed);
        (self.inbound + written).saturating_sub(self.received())
    }

    /// How many messages of ours WhatsApp has acknowledged; none while the server is away.
    fn acknowledged(&self) -> usize {
        let rows = "select count(*) from messages where direction = 'outbound'
              and status not in ('queued', 'sending', 'failed')";
        let answer = tokio::task::block_in_place(|| self.cluster.sql(rows));
        answer.ok().and_then(|it| it.parse().ok()).unwrap_or(0)
    }

    /// How long it takes until as many are accepted, acknowledged and received as `before` a second, within a twentieth;
    /// and until none waits for long any more, out or in, which is given `calm`.
    pub(super) async fn back(
        &self,
        load: &Load,
        before: f64,
        patience: Duration,
        calm: Duration,
    ) -> [Duration; 2] {
        let start = Instant::now();
        // What was counted before may have been a few more than are sent in the long run.
        let shops = f64::from(u32::try_from(self.shops.len()).unwrap());
        let before = before.min(shops / self.pace.as_secs_f64());
        let enough = 0.95 * before;
        within(patience, "the load flows as before", || async {
            let (looked, sent, read) = (Instant::now(), self.acknowledged(), self.received());
            let accepted = load.rate(Duration::from_secs(3)).await;
            let span = looked.elapsed().as_secs_f64();
            let rate = |now: usize, then: usize| f64::from(u32::try_from(now.saturating_sub(then)).unwrap()) / span;
            let (sent, read) = (rate(self.acknowledged(), sent), rate(self.received(), read));
            println!(
                "{:.1} s: of {before:.0} a second {accepted:.0} accepted, {sent:.0} acknowledged, {read:.0} received",
                start.elapsed().as_secs_f64()
            );
            [accepted, sent, read].iter().all(|it| *it >= enough).then_some(())
        })
        .await;
        let flows = start.elapsed();
        within(calm, "nothing waits any more", || async {
            // Each look reads all messages: more of them would be a load of their own.
            tokio::time::sleep(Duration::from_secs(1)).await;
            let unread = f64::from(u32::try_from(self.unread(load)).unwrap());
            let late = before * Duration::from_millis(PROMPT).as_secs_f64();
            (self.oldest() <= PROMPT && unread <= late).then_some(())
        })
        .await;
        [flows, start.elapsed()]
    }

    /// Ends the load and compares every ledger with what was promised.
    pub(super) async fn judge(
        &mut self,
        load: Load,
        fault: &str,
        back: Option<[Duration; 2]>,
    ) -> Report {
        load.end();
        let heard = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        let mut report = Report {
            fault: fault.to_owned(),
            rounds: 1,
            internal: heard(&load.heard.internal),
            unavailable: heard(&load.heard.unavailable),
            unanswered: heard(&load.heard.unanswered),
            back,
            ..Report::default()
        };
        for (shop, writer) in self.shops.clone().iter().zip(load.writers) {
            let (accepted, written) = writer.await.unwrap();
            self.compare(shop, &accepted, &written, &mut report).await;
        }
        let now = self.witnessed().await;
        let [codes, replaced, evicted] = self.seen;
        report.codes = now[0] - codes;
        report.replaced = now[1] - replaced;
        report.evicted = now[2] - evicted;
        self.seen = now;
        report.judged()
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
