//! An installation that is called: three replicas of the calls behind nginx, the simulated telephone network, which counts
//! by itself who was taken, and the slots in Redis.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use store::redis::Redis;
use store::slots::{Holder, Slots, Timing};
use tempfile::TempDir;
use xtask::cluster::Cluster;
use xtask::cluster::process::{Life, life};

use super::agent::Agent;
use crate::faults::standing::program;
use crate::outside::api::Api;
use crate::outside::{LONG, http, until, within};

/// The number of the business.
const SHOP: &str = "+15550001111";
/// Whoever is rung: one speaks until somebody hangs up, the other one does so soon.
const TALKER: &str = "+15550002001";
const BRIEF: &str = "+15550002002";
/// What callers hear for whom there is no line.
pub(super) const BUSY: &str = "All lines are busy.";
/// What they hear at the end.
pub(super) const BYE: &str = "Good bye.";
/// How often it is looked.
const LOOK: Duration = Duration::from_millis(50);

/// Callers who are led to a socket, to the one who speaks, to the end, and to the one who is brief.
pub(super) const STREAMS: &str = "expect verb Gather\npress 1";
pub(super) const TALKS: &str = "expect verb Gather\npress 2";
pub(super) const LEAVES: &str = "expect verb Gather\npress 3";
pub(super) const IS_BRIEF: &str = "expect verb Gather\npress 4";

/// The installation, up.
pub(super) struct Hall {
    pub(super) cluster: Cluster,
    pub(super) api: Api,
    operator: Api,
    slots: Slots,
    client: reqwest::Client,
    agent: Agent,
    /// Taken out when it is to outlive the test.
    folder: Option<TempDir>,
}

impl Hall {
    /// So many lines by the settings; `own`: replicas with a setting of their own.
    pub(super) async fn start(lines: u32, own: &[(&str, &str, String)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = [
            ("MAX_CONCURRENT_CALLS", lines.to_string()),
            ("SWITCHYARD_CALLS_PER_BUSINESS", "10000".to_owned()),
            // All of it but the last five seconds is the sockets' own, which is longer than a lease many times over.
            ("SWITCHYARD_DRAIN_S", "480".to_owned()),
        ];
        let place = folder.path().join("cluster");
        let cluster = tokio::task::block_in_place(|| {
            let mut cluster = Cluster::at(&place, &program(), &settings).unwrap();
            for (name, setting, value) in own {
                cluster.set(name, setting, value).unwrap();
            }
            let started = cluster.start().and_then(|()| cluster.scale("calls", 3));
            if let Err(error) = started {
                cluster.kill_all();
                panic!("{error:#}");
            }
            cluster
        });
        let book = cluster.book();
        let api = book.of("api").find_map(|api| api.url.clone()).unwrap();
        let login = json!({ "email": book.email, "password": book.password });
        let anonymous = Api::new(api.clone(), String::new());
        let owner = anonymous.post("/v1/auth/login", login).await;
        let token = owner["access_token"].as_str().unwrap().to_owned();
        let redis = Redis::open(&book.redis_url).unwrap();
        let agent = Agent::start().await;
        let hall = Self {
            api: Api::new(api.clone(), book.api_key.clone()),
            operator: Api::new(api, token),
            slots: Slots::new(Some(redis), Timing::default()),
            client: http().build().unwrap(),
            cluster,
            agent,
            folder: Some(folder),
        };
        hall.set_up().await;
        hall
    }

    /// A number, whose calls come through nginx, and what its callers hear.
    async fn set_up(&self) {
        let book = self.cluster.book();
        let number = json!({ "phone": SHOP, "name": "Shop" });
        self.api.post("/v1/call-numbers", number).await;
        let now = self.api.get("/v1/call-flow").await["version"].clone();
        let flow = json!({ "version": now, "flow": flow(self.agent.url()) });
        let put = self
            .api
            .attempt(Method::PUT, "/v1/call-flow", Some(&flow), None);
        let (status, answer) = put.await.unwrap();
        assert!(status.is_success(), "{answer}");
        let at = |route: &str| format!("{}/twilio/{}/{route}", book.calls_url, book.business_id);
        let number = json!({
            "phone": SHOP, "voice_url": at("voice"), "fallback_url": at("fallback"), "status_url": at("status"),
        });
        self.post("/carrier/numbers", number).await;
        for (phone, does) in [
            (TALKER, "answers after 1s"),
            (BRIEF, "answers after 1s, wait 1s, hangup"),
        ] {
            let person = json!({ "phone": phone, "does": does });
            self.send(Method::PUT, "/carrier/people", person).await;
        }
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.cluster.book().sim_url);
        let answer = self.client.request(method, url).json(&body).send().await;
        let answer = answer.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Asks the network to do something.
    pub(super) async fn post(&self, path: &str, body: Value) -> Value {
        self.send(Method::POST, path, body).await
    }

    /// What the network tells.
    pub(super) async fn told(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.cluster.book().sim_url);
        let answer = self.client.get(url).send().await.unwrap();
        answer.json().await.unwrap()
    }

    /// What the network has counted since it began anew.
    pub(super) async fn stats(&self) -> Value {
        self.told("/calls/stats").await
    }

    /// The network begins to count anew.
    pub(super) async fn count_anew(&self) {
        self.send(Method::DELETE, "/calls/stats", json!({})).await;
    }

    /// Something goes wrong from now on.
    pub(super) async fn fault(&self, fault: Value) {
        self.post("/network/faults", fault).await;
    }

    /// How often the faults that are switched on have happened.
    pub(super) async fn hits(&self) -> u64 {
        let faults = self.told("/network/faults").await;
        let faults = faults["data"].as_array().unwrap();
        faults.iter().filter_map(|it| it["hits"].as_u64()).sum()
    }

    /// Nothing goes wrong any more.
    pub(super) async fn mend(&self) {
        self.send(Method::DELETE, "/network/faults", json!({}))
            .await;
    }

    /// So many call, and it is decided of each whether it is taken.
    pub(super) async fn place(&self, count: usize, script: &str) -> Vec<String> {
        let calls = (0..count).map(|number| async move {
            let from = format!("+1666{number:07}");
            let call = json!({ "from": from, "to": SHOP, "script": script });
            let call = self.post("/calls", call).await;
            let sid = call["sid"].as_str().unwrap().to_owned();
            until("it is decided whether a call is taken", || async {
                let call = self.told(&format!("/calls/{sid}")).await;
                (call["admitted"] == true || !call["ended_at"].is_null()).then_some(())
            })
            .await;
            sid
        });
        join_all(calls).await
    }

    /// So many calls that stay and are led to that phase; whom a busy machine turned away calls again.
    pub(super) async fn fill(&self, count: usize, script: &str, phase: &str) -> Vec<String> {
        let start = Instant::now();
        let mut sids = Vec::new();
        while sids.len() < count {
            assert!(start.elapsed() < LONG, "{}", self.stats().await);
            let placed = self.place(count - sids.len(), script).await;
            let taken = self.taken().await;
            sids.extend(placed.into_iter().filter(|sid| taken.contains(sid)));
        }
        until("they are where they are led to", || async {
            let holders = self.holders().await?;
            let is_there =
                |sid: &&String| holders.iter().any(|it| it.id == **sid && it.phase == phase);
            sids.iter().all(|sid| is_there(&sid)).then_some(())
        })
        .await;
        sids
    }

    /// More callers than lines: as many are taken as there are lines, and not one more.
    pub(super) async fn crowd(&self, lines: usize) {
        let start = Instant::now();
        while self.taken().await.len() < lines {
            assert!(start.elapsed() < LONG, "{}", self.stats().await);
            self.place(12, "").await;
        }
        let taken = self.taken().await;
        assert_eq!(taken.len(), lines);
        let more = self.place(12, "").await;
        let taken = self.taken().await;
        let intruders = more.iter().filter(|sid| taken.contains(*sid));
        assert_eq!(intruders.count(), 0, "{}", self.stats().await);
    }

    /// Calls by the hundred begin, each with that script.
    pub(super) async fn storm(&self, per_second: f64, seconds: u64, script: &str) {
        let storm = json!({
            "to": [SHOP], "per_second": per_second, "seconds": seconds, "script": script,
        });
        self.post("/calls/load", storm).await;
    }

    /// Waits until the storm and its last call are over.
    pub(super) async fn calm(&self) {
        within(LONG * 2, "the storm is over", || async {
            let load = &self.stats().await["load"];
            (load["running"] == false && load["live"] == 0).then_some(())
        })
        .await;
    }

    /// The calls that the network knows to be taken and to go on.
    pub(super) async fn taken(&self) -> BTreeSet<String> {
        let calls = self.told("/calls?live=true").await;
        let calls = calls["data"].as_array().unwrap().iter();
        let taken = calls.filter(|call| call["admitted"] == true);
        taken
            .map(|call| call["sid"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Who has a slot; `None` while Redis does not answer.
    pub(super) async fn holders(&self) -> Option<Vec<Holder>> {
        self.slots.holders().await.ok()
    }

    /// Waits until slots are held for the calls that go on and for no other, and every replica counts as many; how long
    /// that took.
    pub(super) async fn agrees(&self, patience: Duration) -> Duration {
        let start = Instant::now();
        let mut looks = tokio::time::interval(LOOK);
        loop {
            looks.tick().await;
            let held = self.holders().await.unwrap_or_default();
            let held: BTreeSet<String> = held.into_iter().map(|it| it.id).collect();
            let taken = self.taken().await;
            let mut counts = Vec::new();
            for name in self.replicas() {
                counts.push(self.metric(&name, "switchyard_calls_live").await);
            }
            if held == taken && counts.iter().all(|it| *it == Some(taken.len())) {
                return start.elapsed();
            }
            assert!(
                start.elapsed() < patience,
                "not within {patience:?}: held {held:?}, taken {taken:?}, counted {counts:?}"
            );
        }
    }

    /// Replicas that run.
    pub(super) fn replicas(&self) -> Vec<String> {
        let all = self.cluster.book().of("calls");
        let running = all.filter(|entry| life(entry) == Life::Runs);
        running.map(|entry| entry.name.clone()).collect()
    }

    /// What a replica is called in the slots, since its last start.
    pub(super) fn named(&self, replica: &str) -> String {
        let entry = self.cluster.book().entry(replica).unwrap();
        let log = std::fs::read_to_string(&entry.log).unwrap();
        let mut lines = log.lines().rev();
        let line = lines.find(|line| line.contains("takes calls"));
        let (_, rest) = line.unwrap().split_once("\"replica\":\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }

    /// A gauge of a replica.
    pub(super) async fn metric(&self, replica: &str, name: &str) -> Option<usize> {
        let entry = self.cluster.book().entry(replica).unwrap();
        let url = format!("{}/metrics", entry.internal_url.as_deref().unwrap());
        let page = self.client.get(url).send().await.ok()?.text().await.ok()?;
        let mut lines = page.lines();
        let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        line.trim().parse().ok()
    }

    /// An operator sets the limit for all replicas, which follow.
    pub(super) async fn limit(&self, lines: u32) {
        let (path, limit) = ("/v1/admin/calls/limit", json!({ "limit": lines }));
        let put = self.operator.attempt(Method::PUT, path, Some(&limit), None);
        let (status, answer) = put.await.unwrap();
        assert!(status.is_success(), "{answer}");
        for name in self.replicas() {
            self.counts_to(&name, lines).await;
        }
    }

    /// Waits until a replica says that this is the limit.
    pub(super) async fn counts_to(&self, replica: &str, lines: u32) {
        until("a replica knows its limit", || async {
            let limit = self.metric(replica, "switchyard_calls_limit").await?;
            (u32::try_from(limit) == Ok(lines)).then_some(())
        })
        .await;
    }

    /// What an operator is answered who asks who holds slots.
    pub(super) async fn shown(&self) -> Option<u16> {
        let (method, path) = (Method::GET, "/v1/admin/calls");
        let asked = self.operator.attempt(method, path, None, None).await;
        asked.map(|(status, _)| status.as_u16())
    }

    /// The caller hangs up, unless the call is over.
    pub(super) async fn hang_up(&self, sid: &str) {
        let url = format!("{}/calls/{sid}/hangup", self.cluster.book().sim_url);
        let body = json!({});
        self.client.post(url).json(&body).send().await.unwrap();
    }

    /// Everybody hangs up; the slots are free then.
    pub(super) async fn empty(&self, patience: Duration) {
        join_all(self.taken().await.iter().map(|sid| self.hang_up(sid))).await;
        self.agrees(patience).await;
    }

    /// What happened in a call, after its first entries.
    pub(super) async fn ledger(&self, sid: &str, after: usize) -> Vec<Value> {
        let rows = self
            .told(&format!("/calls/{sid}/ledger?after={after}"))
            .await;
        rows["data"].as_array().unwrap().clone()
    }
}

impl Drop for Hall {
    /// What a failed test leaves is kept, with the logs of all processes.
    fn drop(&mut self) {
        self.cluster.kill_all();
        if let Some(folder) = self.folder.take().filter(|_| std::thread::panicking()) {
            println!("kept: {}", folder.keep().display());
        }
    }
}

/// What callers hear: a menu that waits for a quarter of an hour, and where its digits lead.
fn flow(agent: &str) -> Value {
    let dial = |phone: &str| {
        json!({
            "kind": "dial", "targets": [phone], "ring_s": 60, "no_answer": "bye",
        })
    };
    let mut flow = json!({
        "language": "en", "time_zone": "UTC",
        "entry": { "open": "menu_0", "closed": "menu_0", "capacity": { "kind": "say", "text": BUSY } },
        "nodes": {
            "agent": { "kind": "bridge", "url": agent, "max_s": 3_600, "done": "bye", "failed": "bye" },
            "talk": dial(TALKER), "brief": dial(BRIEF), "bye": { "kind": "hangup", "text": BYE },
        },
    });
    // Each waits for half a minute, six times.
    for number in 0..5 {
        let next = match number {
            4 => "bye".to_owned(),
            _ => format!("menu_{}", number + 1),
        };
        flow["nodes"][format!("menu_{number}")] = json!({
            "kind": "menu", "prompt": "Where to?", "timeout_s": 30, "retries": 5, "no_input": next,
            "options": { "1": "agent", "2": "talk", "3": "bye", "4": "brief" },
        });
    }
    flow
}
