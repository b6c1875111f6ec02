//! The table of metrics says what every role really prints, and the alerts and dashboards ask for nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::TcpListener;
use std::process::Command;

use serde_json::{Value, json};

use crate::house::root;
use crate::outside::api::Api;
use crate::outside::cluster::{Cluster, ROLES, Role};
use crate::outside::until;
use crate::roles::link;
use crate::story::CUSTOMERS;

/// A row of the table.
#[derive(Debug)]
struct Row {
    kind: String,
    labels: BTreeSet<String>,
    roles: Vec<String>,
    from_start: bool,
}

fn cells(line: &str) -> Vec<String> {
    let inner = line.trim_matches('|').split('|');
    inner
        .map(|cell| cell.trim().trim_matches('`').to_owned())
        .collect()
}

fn list(cell: &str) -> Vec<String> {
    let words = cell.split(", ").filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// The table of the documentation, by name.
fn table() -> BTreeMap<String, Row> {
    let text = fs::read_to_string(root().join("docs/METRICS.md")).unwrap();
    let lines = text
        .lines()
        .filter(|line| line.starts_with("| `switchyard_"));
    let rows = lines.map(|line| {
        let cells = cells(line);
        let row = Row {
            kind: cells[1].clone(),
            labels: list(&cells[2]).into_iter().collect(),
            roles: list(&cells[3]),
            from_start: cells[4] == "start",
        };
        assert!(row.from_start || cells[4] == "first", "{line}");
        assert!(!cells[5].is_empty(), "{line}");
        (cells[0].clone(), row)
    });
    let rows: Vec<(String, Row)> = rows.collect();
    let count = rows.len();
    let table: BTreeMap<String, Row> = rows.into_iter().collect();
    assert_eq!(table.len(), count, "a name is there twice");
    table
}

/// What a page says: each metric with its kind and the labels that its lines have.
fn printed(page: &str) -> BTreeMap<String, (String, BTreeSet<String>)> {
    let mut found = BTreeMap::new();
    for line in page.lines() {
        let Some(rest) = line.strip_prefix("# TYPE ") else {
            continue;
        };
        let (name, kind) = rest.split_once(' ').unwrap();
        let lines = page.lines().filter(|line| {
            let own = line.split(['{', ' ']).next().unwrap();
            let parts = ["", "_bucket", "_sum", "_count"];
            parts.iter().any(|part| own == format!("{name}{part}"))
        });
        let labels = lines.flat_map(|line| {
            let inner = line
                .split_once('{')
                .and_then(|(_, rest)| rest.rsplit_once('}'));
            let inner = inner.map_or("", |(inner, _)| inner);
            let names = inner.split("\",").filter_map(|pair| pair.split_once("=\""));
            names.map(|(name, _)| name.to_owned())
        });
        let labels = labels.filter(|label| label != "le").collect();
        found.insert(name.to_owned(), (kind.to_owned(), labels));
    }
    found
}

/// The number that is called.
const SHOP: &str = "+15550100";

/// One more process, which takes calls: somebody calls, and somebody else forges a webhook.
async fn takes_calls(cluster: &Cluster) -> Role {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let url = format!("http://{address}");
    let network = cluster.network.url();
    let own = [
        ("PUBLIC_BASE_URL", url.clone()),
        ("SWITCHYARD_TWILIO_URL", network.to_owned()),
        ("TWILIO_ACCOUNT_SID", format!("AC{:032}", 1)),
        (
            "TWILIO_AUTH_TOKEN",
            "12345678901234567890123456789012".to_owned(),
        ),
    ];
    let role = cluster
        .one_more(&["calls", "--listen", &address], &own)
        .await;
    let number = json!({ "phone": SHOP, "name": "Shop" });
    cluster.api.post("/v1/call-numbers", number).await;
    let me = cluster.api.get("/v1/me").await;
    let business = me["business"]["id"].as_str().unwrap();
    let at = |route: &str| format!("/twilio/{business}/{route}");
    // As an operator is told to.
    let runbook = fs::read_to_string(root().join("docs/RUNBOOK.md")).unwrap();
    let [voice, fallback, status] = ["voice", "fallback", "status"].map(|route| {
        let told = format!("https://PUBLIC/twilio/biz_…/{route}#");
        let (_, rest) = runbook.split_once(&told).unwrap();
        let terms = rest.split('`').next().unwrap();
        format!("{url}{}#{terms}", at(route))
    });
    let number = json!({
        "phone": SHOP, "voice_url": voice, "fallback_url": fallback, "status_url": status,
    });
    let carrier = Api::new(network.to_owned(), String::new());
    carrier.post("/carrier/numbers", number).await;
    let call = json!({ "from": "+15550199", "to": SHOP });
    carrier.post("/calls", call).await;
    let internal = role.internal();
    until("the call is let in", || async {
        let page = internal.page("/metrics").await;
        let line = "switchyard_call_admissions_total{outcome=\"new\"} 1";
        page.contains(line).then_some(())
    })
    .await;
    let stranger = Api::new(url, String::new());
    assert_eq!(stranger.status(&at("voice")).await, Some(403));
    role
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_of_metrics_is_what_every_role_prints() {
    let redis = crate::outside::redis::Redis::start().await;
    let url = format!("redis://127.0.0.1:{}", redis.port());
    let cluster = Box::pin(Cluster::start(&[("REDIS_URL", url)])).await;
    link(&cluster).await;
    let body = json!({ "to": CUSTOMERS[0], "text": "is it you?" });
    let message = cluster.api.post("/v1/messages", body).await;
    cluster
        .api
        .message_is(message["id"].as_str().unwrap(), "delivered")
        .await;
    cluster
        .network
        .write(CUSTOMERS[0], crate::story::BUSINESS, "it is")
        .await;

    let calls = takes_calls(&cluster).await;

    let table = table();
    let mut wrong = Vec::new();
    let roles = cluster.roles.iter().zip(ROLES.map(|(name, _)| name));
    for (role, name) in roles.chain([(&calls, "calls")]) {
        let page = printed(&role.internal().page("/metrics").await);
        for (metric, said) in &page {
            let row = table
                .get(metric)
                .filter(|row| row.roles.iter().any(|it| it == name));
            match row {
                Some(row) if (&row.kind, &row.labels) == (&said.0, &said.1) => {}
                Some(_) => wrong.push(format!(
                    "{name}: {metric} is a {} with {:?}",
                    said.0, said.1
                )),
                None => wrong.push(format!(
                    "{name} prints {metric}, which the table does not say"
                )),
            }
        }
        let promised = table
            .iter()
            .filter(|(_, row)| row.roles.iter().any(|it| it == name));
        for (metric, row) in promised {
            if row.from_start && !page.contains_key(metric) {
                wrong.push(format!("{name} does not print {metric}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for statement in statements() {
        // It fails the test when the server refuses it.
        cluster.postgres.sql(&statement);
    }
}

/// Every SQL statement that the runbook asks somebody to run.
fn statements() -> Vec<String> {
    let runbook = fs::read_to_string(root().join("docs/RUNBOOK.md")).unwrap();
    let blocks = runbook.split("```sql\n").skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().unwrap());
    let found: Vec<String> = blocks
        .flat_map(|block| block.split(';').map(str::trim))
        .filter(|statement| !statement.is_empty())
        .map(str::to_owned)
        .collect();
    assert!(found.len() >= 8, "only {} statements", found.len());
    found
}

/// The names of metrics that an expression asks for.
fn asked(expression: &str) -> Vec<String> {
    let words = expression.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let ours = words.filter(|word| word.starts_with("switchyard_"));
    ours.map(|word| {
        let bare = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|part| word.strip_suffix(part));
        bare.unwrap_or(word).to_owned()
    })
    .collect()
}

/// Every expression of the dashboards.
fn drawn() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join("deploy/grafana")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let dashboard: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        for panel in dashboard["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().into_iter().flatten() {
                found.push((name.clone(), target["expr"].as_str().unwrap().to_owned()));
            }
        }
    }
    found
}

fn promtool(arguments: &[&str]) -> String {
    let output = Command::new("promtool")
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("no promtool: run these tests with `cargo xtask test`, which installs it");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "promtool {arguments:?}: {said}");
    said.into_owned()
}

#[test]
fn the_alerts_are_sound_and_fire_when_they_should_and_only_then() {
    promtool(&["check", "config", "deploy/prometheus.yml"]);
    promtool(&["check", "rules", "deploy/alerts.yml"]);
    promtool(&["test", "rules", "deploy/alerts.test.yml"]);
    let tests = fs::read_to_string(root().join("deploy/alerts.test.yml")).unwrap();
    for (alert, _) in alerts() {
        assert!(
            tests.contains(&format!("alertname: {alert}\n")),
            "{alert} has no test"
        );
    }
}

/// Each alert with the text of its rule.
fn alerts() -> Vec<(String, String)> {
    let rules = fs::read_to_string(root().join("deploy/alerts.yml")).unwrap();
    let rules = rules.split("- alert: ").skip(1);
    let found: Vec<(String, String)> = rules
        .map(|rule| (rule.lines().next().unwrap().to_owned(), rule.to_owned()))
        .collect();
    assert!(found.len() >= 8, "only {} alerts", found.len());
    found
}

#[test]
fn alerts_and_dashboards_ask_for_metrics_that_there_are() {
    let table = table();
    let alerts = alerts().into_iter();
    let mut count = 0;
    for (place, expression) in alerts.chain(drawn()) {
        for metric in asked(&expression) {
            assert!(
                table.contains_key(&metric),
                "{place} asks for {metric}, which nobody prints"
            );
            count += 1;
        }
    }
    assert!(count > 30, "only {count} metrics are asked for");
}

#[test]
fn whoever_an_alert_wakes_finds_what_it_watches_on_a_dashboard() {
    let drawn: BTreeSet<String> = (drawn().iter())
        .flat_map(|(_, expression)| asked(expression))
        .collect();
    for (alert, rule) in alerts() {
        for metric in asked(&rule) {
            assert!(drawn.contains(&metric), "{alert}: nothing draws {metric}");
        }
    }
}

#[test]
fn every_expression_of_the_dashboards_is_one() {
    let expressions = drawn();
    let folder = tempfile::tempdir().unwrap();
    let rules: Vec<Value> = expressions
        .iter()
        .enumerate()
        .map(|(number, (_, expression))| {
            let expression = expression.replace("$__rate_interval", "5m");
            json!({ "record": format!("drawn:{number}"), "expr": expression })
        })
        .collect();
    let file = folder.path().join("rules.yml");
    // YAML reads JSON.
    let text = json!({ "groups": [{ "name": "drawn", "rules": rules }] }).to_string();
    fs::write(&file, text).unwrap();
    promtool(&["check", "rules", file.to_str().unwrap()]);
}

#[test]
fn every_alert_leads_to_its_section_of_the_runbook() {
    let runbook = fs::read_to_string(root().join("docs/RUNBOOK.md")).unwrap();
    for (alert, rule) in alerts() {
        let link = format!("runbook_url: docs/RUNBOOK.md#{}", alert.to_lowercase());
        assert!(rule.contains(&link), "{alert} has no `{link}`");
        let section = runbook
            .split("\n## ")
            .find(|section| section.starts_with(&format!("{alert}\n")));
        let section = section.unwrap_or_else(|| panic!("the runbook has no section {alert}"));
        for part in [
            "**Symptom.**",
            "**What it means.**",
            "**Look at.**",
            "**Do.**",
        ] {
            assert!(section.contains(part), "{alert}: {part}");
        }
    }
}
