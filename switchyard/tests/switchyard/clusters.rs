//! A whole production installation on loopback, as `cargo xtask cluster` starts it: what nginx, two replicas and three
//! shards do together, and what the commands do to it.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use xtask::cluster::Cluster;
use xtask::cluster::process::{Life, life};

use crate::outside::api::Api;
use crate::outside::network::Network;
use crate::outside::{LONG, until, within};

/// What one replica commits is in the live stream of another within this.
const HEARD: Duration = Duration::from_millis(500);

/// Requests through nginx, of which each replica gets some.
const REQUESTS: usize = 12;

/// A cluster that is gone with the test.
struct Gone {
    cluster: Cluster,
    _folder: TempDir,
}

impl Drop for Gone {
    fn drop(&mut self) {
        self.cluster.kill_all();
    }
}

fn start() -> Gone {
    let folder = tempfile::tempdir().unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_switchyard"));
    let cluster = Cluster::at(&folder.path().join("cluster"), program, &[]).unwrap();
    let mut gone = Gone {
        cluster,
        _folder: folder,
    };
    gone.cluster.start().unwrap();
    gone
}

/// A request by TLS through nginx, whose certificate is checked: its status.
fn through_nginx(cluster: &Cluster, path: &str) -> String {
    let book = cluster.book();
    let output = Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--noproxy",
            "*",
            "--output",
            "/dev/null",
            "--write-out",
            "%{http_code} %{http_version}",
        ])
        .arg("--cacert")
        .arg(&book.certificate)
        .args([
            "--header",
            &format!("Authorization: Bearer {}", book.api_key),
        ])
        .arg(format!("{}{path}", book.nginx_url))
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The sum over the lines of a metric at a process.
async fn counted(cluster: &Cluster, name: &str, metric: &str) -> f64 {
    let url = cluster
        .book()
        .entry(name)
        .unwrap()
        .internal_url
        .clone()
        .unwrap();
    let page = Api::new(url, String::new()).page("/metrics").await;
    let lines = page.lines().filter(|line| line.starts_with(metric));
    lines
        .map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap())
        .sum()
}

fn apis(cluster: &Cluster) -> Vec<Api> {
    let book = cluster.book();
    let entries = book.of("api");
    entries
        .map(|api| Api::new(api.url.clone().unwrap(), book.api_key.clone()))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_serves_by_tls_and_what_one_replica_writes_the_other_tells() {
    let gone = start();
    let cluster = &gone.cluster;
    for _ in 0..REQUESTS {
        assert_eq!(through_nginx(cluster, "/v1/sessions"), "200 2");
    }
    assert_eq!(
        through_nginx(cluster, "/metrics"),
        "404 2",
        "metrics are inside alone"
    );
    for name in ["api-1", "api-2"] {
        let own = counted(
            cluster,
            name,
            r#"switchyard_http_requests_total{method="GET",route="/v1/sessions""#,
        );
        assert!(own.await > 0.0, "{name} got no request");
    }

    let apis = apis(cluster);
    let network = Network::at(cluster.book().sim_url.clone());
    for phone in ["15550001111", "15550002222"] {
        network.phone(phone).await;
    }
    let session = apis[0].new_session("Front desk").await;
    let qr = apis[0].qr(&session).await;
    network.scan("15550001111", &qr).await;
    apis[1].session_in(&session, "connected").await;

    let mut stream = apis[1].stream("/v1/events/stream").await;
    let body = json!({ "to": "15550002222", "text": "is it you?" });
    let message = apis[0].post("/v1/messages", body).await;
    let id = message["id"].as_str().unwrap().to_owned();
    let accepted = Instant::now();
    let mut heard = String::new();
    while !heard.contains(&id) {
        let piece = tokio::time::timeout(LONG, stream.chunk()).await.unwrap();
        heard.push_str(&String::from_utf8_lossy(&piece.unwrap().unwrap()));
    }
    let took = accepted.elapsed();
    assert!(took < HEARD, "the other replica told it after {took:?}");
    apis[1].message_is(&id, "delivered").await;

    sound(cluster).await;
}

/// Nothing came twice, and the connections to Postgres are no more than were configured.
async fn sound(cluster: &Cluster) {
    let names: Vec<String> = cluster
        .book()
        .processes
        .iter()
        .filter(|it| it.internal_url.is_some())
        .map(|it| it.name.clone())
        .collect();
    for name in &names {
        assert!(
            counted(cluster, name, "switchyard_duplicates_total ").await < 1.0,
            "{name}"
        );
    }
    let open = "select count(*) from pg_stat_activity where backend_type = 'client backend'";
    let open: usize = cluster.sql(open).unwrap().parse().unwrap();
    let allowed: usize = cluster
        .sql("show max_connections")
        .unwrap()
        .parse()
        .unwrap();
    assert!(
        open < names.len() * 24 && names.len() * 24 < allowed,
        "{open} of {allowed}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_is_killed_paused_scaled_stopped_and_comes_back_with_its_data() {
    let mut gone = start();
    let cluster = &mut gone.cluster;
    let state = |cluster: &Cluster, name: &str| life(cluster.book().entry(name).unwrap());
    cluster.kill("api-1").unwrap();
    assert_eq!(state(cluster, "api-1"), Life::Dead);
    for _ in 0..REQUESTS {
        assert_eq!(
            through_nginx(cluster, "/v1/sessions"),
            "200 2",
            "the other replica answers"
        );
    }
    cluster.pause("worker-high-2").unwrap();
    until("it stands still", || async {
        (state(cluster, "worker-high-2") == Life::Paused).then_some(())
    })
    .await;
    cluster.resume("worker-high-2").unwrap();
    until("it goes on", || async {
        (state(cluster, "worker-high-2") == Life::Runs).then_some(())
    })
    .await;

    cluster.scale("api", 3).unwrap();
    assert_eq!(
        state(cluster, "api-1"),
        Life::Runs,
        "scaling replaces what is dead"
    );
    within(LONG, "the new replica gets requests", || async {
        through_nginx(cluster, "/v1/sessions");
        let own = counted(cluster, "api-3", "switchyard_http_requests_total").await;
        (own > 0.0).then_some(())
    })
    .await;
    cluster.scale("worker-high", 1).unwrap();
    assert!(cluster.book().entry("worker-high-2").is_err());
    assert!(cluster.scale("worker-of-none", 1).is_err());
    assert!(cluster.kill("worker-high-2").is_err());

    let session = apis(cluster)[0].new_session("Front desk").await;
    cluster.stop().unwrap();
    for entry in &cluster.book().processes {
        assert_eq!(life(entry), Life::Dead, "{}", entry.name);
    }
    // As another command would find it.
    let mut again = Cluster::open(cluster.folder()).unwrap();
    again.start().unwrap();
    let found: Value = apis(&again)[0]
        .get(&format!("/v1/sessions/{session}"))
        .await;
    assert_eq!(found["name"], "Front desk");
    again.stop().unwrap();
}
