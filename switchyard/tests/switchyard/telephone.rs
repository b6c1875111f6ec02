//! Phone calls of a whole installation: three replicas behind nginx, asked by the simulated telephone network, which counts
//! by itself who was taken.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use xtask::cluster::Cluster;

use crate::outside::{http, within};

/// The business's number.
const SHOP: &str = "+15550001111";
/// Lines of the installation.
const LINES: u32 = 20;
/// Starting, and a storm with its end.
const PATIENCE: Duration = Duration::from_mins(1);
/// Slots of what is gone are free again within this.
const FREE_WITHIN: Duration = Duration::from_secs(30);

struct Stage {
    cluster: Cluster,
    client: reqwest::Client,
    _folder: TempDir,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.cluster.kill_all();
    }
}

impl Stage {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_switchyard"));
        let settings = [
            ("MAX_CONCURRENT_CALLS", LINES.to_string()),
            ("SWITCHYARD_CALLS_PER_BUSINESS", "1000".to_owned()),
        ];
        let place = folder.path().join("cluster");
        let cluster = Cluster::at(&place, program, &settings).unwrap();
        let client = http().build().unwrap();
        let mut stage = Self {
            cluster,
            client,
            _folder: folder,
        };
        stage.cluster.start().unwrap();
        stage.cluster.scale("calls", 3).unwrap();
        stage.take_number().await;
        stage
    }

    async fn take_number(&self) {
        let book = self.cluster.book();
        let row = format!(
            "insert into call_numbers (id, business_id, phone, name, created_at)
             values (gen_random_uuid(), '{}', '{}', 'Shop', 0)",
            book.business_id.trim_start_matches("biz_"),
            SHOP.trim_start_matches('+'),
        );
        self.cluster.sql(&row).unwrap();
        let at = |route: &str| format!("{}/twilio/{}/{route}", book.calls_url, book.business_id);
        let number = json!({
            "phone": SHOP, "voice_url": at("voice"), "fallback_url": at("fallback"), "status_url": at("status"),
        });
        self.post("/carrier/numbers", number).await;
    }

    async fn post(&self, path: &str, body: Value) {
        let url = format!("{}{path}", self.cluster.book().sim_url);
        let answer = self.client.post(url).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {answer:?}");
    }

    async fn stats(&self) -> Value {
        let url = format!("{}/calls/stats", self.cluster.book().sim_url);
        self.client
            .get(url)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }

    /// Live slots, as a replica counts them.
    async fn live(&self, name: &str) -> Option<u32> {
        let entry = self.cluster.book().entry(name).unwrap();
        let url = format!("{}/metrics", entry.internal_url.clone().unwrap());
        let page = self.client.get(url).send().await.ok()?.text().await.ok()?;
        let line = page
            .lines()
            .find(|line| line.starts_with("switchyard_calls_live "))?;
        line.rsplit_once(' ')?.1.parse().ok()
    }

    /// What became of the slots that were asked for, at every replica.
    async fn admissions(&self) -> String {
        let mut lines = String::new();
        for replica in self.cluster.book().of("calls") {
            let url = format!("{}/metrics", replica.internal_url.clone().unwrap());
            let page = self
                .client
                .get(url)
                .send()
                .await
                .unwrap()
                .text()
                .await
                .unwrap();
            let asked = |line: &&str| line.starts_with("switchyard_call_admissions_total{");
            for line in page.lines().filter(asked) {
                writeln!(lines, "{} {line}", replica.name).unwrap();
            }
        }
        lines
    }

    async fn storm(&self, per_second: u32, seconds: u32, script: &str) {
        let storm =
            json!({"to": [SHOP], "per_second": per_second, "seconds": seconds, "script": script});
        self.post("/calls/load", storm).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_storm_three_replicas_never_take_more_calls_than_there_are_lines_and_nothing_leaks() {
    let stage = Stage::start().await;
    stage.storm(60, 6, "wait 1s\nhangup").await;
    within(PATIENCE, "the storm is over", || async {
        let load = stage.stats().await["load"].clone();
        (load["running"] == false && load["live"] == 0).then_some(())
    })
    .await;
    let stats = stage.stats().await;
    println!("{stats}\n{}", stage.admissions().await);
    let number = |name: &str| stats[name].as_u64().unwrap();
    assert!(number("peak_admitted") <= u64::from(LINES), "{stats}");
    // As many as there are lines in a quiet second; a machine with other work turns some away for being late.
    assert!(number("peak_admitted") >= u64::from(LINES) / 2, "{stats}");
    assert!(number("refused") > 0, "{stats}");
    within(FREE_WITHIN, "every slot is free", || async {
        (stage.live("calls-2").await? == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_is_killed_with_its_calls_costs_nobody_a_line() {
    let stage = Stage::start().await;
    // The standard flow takes a message: the provider plays and records whoever of us is there.
    stage.storm(20, 1, "wait 40s\nhangup").await;
    within(PATIENCE, "there are calls", || async {
        (stage.stats().await["live_admitted"].as_u64()? >= 10).then_some(())
    })
    .await;
    within(PATIENCE, "all of them are counted", || async {
        let taken = stage.stats().await["live_admitted"].as_u64()?;
        (u64::from(stage.live("calls-1").await?) == taken).then_some(())
    })
    .await;
    stage.cluster.kill("calls-1").unwrap();
    let counted = || async {
        let (slots, stats) = (stage.live("calls-2").await?, stage.stats().await);
        let taken = stats["live_admitted"].as_u64()?;
        assert!(taken <= u64::from(LINES), "{stats}");
        (slots == 0 && taken == 0).then_some(())
    };
    within(
        Duration::from_mins(2),
        "they end, and their slots are free",
        counted,
    )
    .await;
}
