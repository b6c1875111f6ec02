//! The network must not be what limits a measurement: many companions, many messages.

use std::io::Write as _;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _};
use switchyard_sim::{Network, NetworkOptions};
use whatsapp_rust::Jid;

use crate::client::TestClient;
use crate::control::Control;

/// How many clients and how many messages of each, in a test that everybody runs.
const CLIENTS: usize = 20;
const MESSAGES: usize = 50;

/// A number from the environment, for whoever measures.
fn setting(name: &str, usual: usize) -> usize {
    std::env::var(name)
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(usual)
}

fn shop(number: usize) -> String {
    format!("1555{number:07}")
}

fn customer(number: usize) -> String {
    format!("1666{number:07}")
}

/// Links all clients, eight at a time.
async fn link_all(network: &Network, control: &Control, count: usize) -> Vec<TestClient> {
    stream::iter(0..count)
        .map(|number| async move {
            control.phone(&shop(number), "Shop").await;
            control.phone(&customer(number), "Customer").await;
            control.linked(network, &shop(number)).await
        })
        .buffered(8)
        .collect()
        .await
}

/// Processor time of the network's own threads so far, in milliseconds; Linux counts in ticks of
/// ten.
fn busy_ms() -> u64 {
    let threads = std::fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten();
    let stats =
        threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("stat")).ok());
    let ticks = stats.filter(|stat| stat.contains("(network)") || stat.contains("(sqlx"));
    let ticks = ticks.flat_map(|stat| {
        let fields = stat
            .rsplit_once(')')
            .map(|(_, fields)| fields.to_owned())
            .unwrap_or_default();
        let times: Vec<u64> = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|time| time.parse().ok())
            .collect();
        times
    });
    ticks.sum::<u64>() * 10
}

/// A network with threads of its own, so that what it costs can be told from what clients cost.
fn on_own_threads() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("network")
        .enable_all()
        .build()
        .expect("a runtime")
}

fn report(what: &str, count: usize, took: Duration) {
    let per_second = u128::try_from(count).unwrap_or_default() * 1_000 / took.as_millis().max(1);
    let line = format!(
        "{what}: {count} in {} ms, {per_second}/s; the network was busy for {} ms so far\n",
        took.as_millis(),
        busy_ms()
    );
    std::io::stderr()
        .write_all(line.as_bytes())
        .expect("a place to report");
}

/// Every client sends to its customer; ends when every customer's phone shows everything.
async fn send(shops: &[TestClient], control: &Control, messages: usize) {
    join_all(shops.iter().enumerate().map(|(number, shop)| async move {
        let to = Jid::pn(customer(number));
        for text in 0..messages {
            let sent = shop.client.send_text(to.clone(), text.to_string());
            sent.await.expect("sent");
        }
    }))
    .await;
    for number in 0..shops.len() {
        let phone = customer(number);
        control.ledger(&phone, |rows| rows.len() == messages).await;
    }
}

/// Every customer writes; ends when every client has everything, in order.
async fn type_and_receive(shops: &mut [TestClient], control: &Control, messages: usize) {
    let typing = join_all((0..shops.len()).map(|number| async move {
        for text in 0..messages {
            let text = text.to_string();
            control.write(&customer(number), &shop(number), &text).await;
        }
    }));
    let wanted: Vec<String> = (0..messages).map(|text| text.to_string()).collect();
    let reading = join_all(shops.iter_mut().map(|shop| shop.texts(messages)));
    let (_, received) = tokio::join!(typing, reading);
    assert!(received.iter().all(|texts| *texts == wanted));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clients_talk_at_once_and_nothing_is_lost_or_doubled() {
    let (clients, messages) = (
        setting("LOAD_CLIENTS", CLIENTS),
        setting("LOAD_MESSAGES", MESSAGES),
    );
    let folder = tempfile::tempdir().expect("a folder");
    let data_dir = std::env::var_os("LOAD_DISK").map(|_| folder.path().to_owned());
    let options = NetworkOptions {
        data_dir,
        ..NetworkOptions::default()
    };
    let own = on_own_threads();
    let network = own
        .spawn(Network::start(options))
        .await
        .expect("started")
        .expect("a network");
    let control = Control::of(&network);
    let start = Instant::now();
    let mut shops = link_all(&network, &control, clients).await;
    report("linked", clients, start.elapsed());

    let start = Instant::now();
    send(&shops, &control, messages).await;
    report("sent and shown", clients * messages, start.elapsed());

    let start = Instant::now();
    type_and_receive(&mut shops, &control, messages).await;
    report("typed and received", clients * messages, start.elapsed());

    for number in 0..clients {
        let rows = control
            .ledger(&customer(number), |rows| rows.len() == 2 * messages)
            .await;
        assert!(
            rows.iter()
                .all(|row| row["shown"] == 1 && row["undecryptable"] == 0)
        );
    }
    join_all(shops.into_iter().map(TestClient::stop)).await;
    network.stop().await;
    own.shutdown_background();
}
