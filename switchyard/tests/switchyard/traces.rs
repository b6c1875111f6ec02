//! One message is followed by its trace through the logs of the API, the worker and the shard.

use serde_json::{Value, json};

use crate::outside::cluster::Cluster;
use crate::outside::until;
use crate::roles::link;
use crate::story::CUSTOMERS;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
/// Its last digit says that whoever began it wants it told.
const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const REQUEST: &str = "order-4711-sent";

/// The lines of the log of one trace.
fn lines(log: &str, trace: &str) -> Vec<Value> {
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let of_it = |line: &Value| line["span"]["trace_id"] == trace;
    lines.filter(of_it).collect()
}

/// Whether a part of the product has written one of them.
fn of<'l>(lines: &'l [Value], target: &str, message: &str) -> Option<&'l Value> {
    lines.iter().find(|line| {
        line["target"]
            .as_str()
            .is_some_and(|it| it.starts_with(target))
            && line["message"] == message
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_message_is_found_in_the_logs_of_every_process_that_had_it() {
    let cluster = Box::pin(Cluster::start(&[])).await;
    link(&cluster).await;
    let body = json!({ "to": CUSTOMERS[0], "text": "followed" });
    let headers = [("traceparent", TRACEPARENT), ("x-request-id", REQUEST)];
    let message = cluster.api.post_with("/v1/messages", &body, &headers).await;
    let id = message["id"].as_str().unwrap();
    cluster.api.message_is(id, "delivered").await;

    let stations = [
        ("api::messages", "accepted"),
        ("api::edge", "answered"),
        ("switchyard_shard_worker::lane", "WhatsApp has the message"),
        ("switchyard_shard_worker::drain", "a chat was drained"),
        ("workers::run", "a job ended"),
    ];
    let lines = until("every station of the trace", || async {
        let lines = lines(&cluster.log(), TRACE);
        let all = stations
            .iter()
            .all(|(target, said)| of(&lines, target, said).is_some());
        all.then_some(lines)
    })
    .await;
    assert!(
        lines
            .iter()
            .all(|line| line["span"]["request_id"] == REQUEST)
    );
    for station in ["api::messages", "switchyard_shard_worker::lane"] {
        let told = lines
            .iter()
            .find(|line| line["target"].as_str().unwrap().starts_with(station));
        assert_eq!(told.unwrap()["message_id"], id, "{station}");
    }

    // What is no trace is none; the request is served under one of its own.
    let headers = [("traceparent", "00-0af7651916cd43dd8448eb211c80319c-0-01")];
    cluster.api.post_with("/v1/messages", &body, &headers).await;
    let accepted = |line: &&Value| line["message"] == "accepted";
    assert_eq!(lines.iter().filter(accepted).count(), 1);
}
