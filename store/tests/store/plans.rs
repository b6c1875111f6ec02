//! How Postgres looks things up when it keeps a plan: by the ids that it is told, whatever waits beside them.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, Executor, PgConnection};
use store::statement::{ALL, Sql};
use store::{Engine, messages};

use crate::bench::{Bench, NOON};
use crate::messages::{new_message, phone};

/// Statements with the one index of `messages` that each may go by. Each of the others holds all that stands in one state,
/// in a chat or on the platform, and a plan by it costs as much as there is of that.
const LOOKED_UP: [(&str, &str); 4] = [
    ("store::messages::sql::SENDING", "messages_pkey"),
    ("store::messages::sql::SENT", "messages_pkey"),
    ("store::receipts::sql::DELIVERED", "messages_once"),
    ("store::receipts::sql::READ", "messages_once"),
];

/// The messages that the plans are made beside.
const MESSAGES: usize = 100;

#[tokio::test]
async fn a_kept_plan_looks_messages_up_by_their_ids() {
    let bench = Bench::postgres().await;
    let held = bench.held().await;
    for number in 0..MESSAGES {
        let customer = phone(&format!("97250{number:07}"));
        let new = new_message(Some(held.session), customer, "Good morning");
        messages::accept(&bench.store, NOON, held.business, new)
            .await
            .unwrap();
    }
    let mut line = bench.store.read().await.unwrap();
    let Engine::Postgres(connection) = line.engine() else {
        panic!("a Postgres store reads from Postgres");
    };
    connection
        .execute("set plan_cache_mode = force_generic_plan")
        .await
        .unwrap();
    // What is queued seems to be little when it was counted last: that is when its index tempts most.
    for counted in [false, true] {
        if counted {
            connection.execute("analyze messages").await.unwrap();
        }
        for (name, index) in LOOKED_UP {
            let plan = plan(connection, statement(name)).await;
            let words = plan.iter().flat_map(|step| step.split(' '));
            let used: BTreeSet<&str> = words.filter(|it| it.starts_with("messages_")).collect();
            assert_eq!(used, BTreeSet::from([index]), "{name}: {plan:#?}");
        }
    }
    drop(line);
    bench.end().await;
}

fn statement(name: &str) -> &'static Sql {
    let mut all = ALL.iter().copied().flatten();
    all.find(|sql| sql.name == name).unwrap()
}

/// What the server means to do, one step a line, whatever it is told.
async fn plan(connection: &mut PgConnection, sql: &Sql) -> Vec<String> {
    let prepare = AssertSqlSafe(format!("prepare looked as {}", sql.postgres));
    connection.execute(prepare).await.unwrap();
    let told = (1..).take_while(|n| sql.postgres.contains(&format!("${n}")));
    let told = vec!["null"; told.count()].join(", ");
    let explain = AssertSqlSafe(format!("explain execute looked({told})"));
    let steps = sqlx::query_scalar(explain)
        .fetch_all(&mut *connection)
        .await;
    connection.execute("deallocate looked").await.unwrap();
    steps.unwrap()
}
