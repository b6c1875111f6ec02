//! More arrives than can be committed.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use prometheus::Registry;
use prometheus::proto::MetricFamily;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};
use store::messages;
use switchyard_core::event::EventType;
use switchyard_core::object::MessageObject;

use crate::phones::{until, within};
use crate::stage::{OURS, Stage};

/// Customers.
const CROWD: [&str; 4] = [
    "972522222221",
    "972522222222",
    "972522222223",
    "972522222224",
];
/// Messages of each. All of them are twice what may wait: it comes in parts.
const EACH: u32 = 16;
/// How long a busy machine may take to open so much.
const AGES: Duration = Duration::from_mins(2);
/// Longer than the database is away in this test.
const LEASE: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_that_cannot_be_committed_ends_the_connection_and_nothing_of_it_is_lost() {
    let (stage, shard, _, registry) = Box::pin(Stage::opened_for_long(LEASE, &CROWD)).await;
    let mut other =
        SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(stage.file()))
            .await
            .unwrap();
    sqlx::query("begin immediate")
        .execute(&mut other)
        .await
        .unwrap();

    // Of the longest texts that there are, 260 kB each.
    let text = "\u{1f600}".repeat(65_000);
    join_all(CROWD.map(async |customer| {
        for n in 0..EACH {
            stage
                .phones
                .write(customer, OURS, &format!("{n:06}{text}"))
                .await;
        }
    }))
    .await;
    until("hanging up", async || {
        (count(&registry, "switchyard_connections_flooded_total") > 0.0).then_some(())
    })
    .await;

    // WhatsApp has kept what was not committed.
    sqlx::query("rollback").execute(&mut other).await.unwrap();
    let all = EACH * 4;
    within(AGES, "every message", async || {
        (count(&registry, "switchyard_inbound_total") >= f64::from(all)).then_some(())
    })
    .await;
    let events = stage.events(EventType::MessageReceived).await;
    let chats: BTreeSet<&str> = events
        .iter()
        .filter_map(|it| it.data["chat_id"].as_str())
        .collect();
    assert_eq!(events.len(), usize::try_from(all).unwrap());
    assert_eq!(chats.len(), CROWD.len());
    for chat in chats {
        let chat = chat.parse().unwrap();
        let mut rows = messages::of_chat(&stage.store, stage.business, chat, None, 100)
            .await
            .unwrap();
        rows.reverse();
        let found: Vec<String> = rows.iter().map(number).collect();
        let expected: Vec<String> = (0..EACH).map(|n| format!("{n:06}")).collect();
        assert_eq!(found, expected);
    }
    stage.close(shard).await;
}

/// The number that a text begins with.
fn number(message: &MessageObject) -> String {
    let text = message.text.as_deref().unwrap_or_default();
    text.chars().take(6).collect()
}

/// What a counter of the shard says.
pub(crate) fn count(registry: &Registry, name: &str) -> f64 {
    let families = registry.gather();
    let family = families.iter().find(|it| it.name() == name);
    let counted = family.into_iter().flat_map(MetricFamily::get_metric);
    counted.map(|it| it.get_counter().get_value()).sum()
}
