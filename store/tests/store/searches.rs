//! Searches: in every script, on connections of their own, ended when they take too long.

use std::time::{Duration, Instant};

use store::chats::{self, ChatQuery};
use store::inbound::{self, Content, Inbound};
use store::{Engine, Error, Held, Lane, Store, contacts};
use switchyard_core::BusinessId;

use crate::bench::{Bench, NOON, both_engines};
use crate::messages::phone;

/// How long a search may run, and as long again for a slow machine.
const ENDED: Duration = Duration::from_secs(4);

fn from(n: i64, name: &str, words: &str) -> Inbound {
    Inbound {
        peer: phone(&format!("97250000000{n}")),
        from_me: false,
        wa_id: format!("3EB0{n}"),
        at: NOON,
        push_name: Some(name.to_owned()),
        content: Content::Text(words.to_owned()),
    }
}

async fn search(store: &Store, held: &Held, q: &str) -> Result<usize, Error> {
    let query = ChatQuery {
        q: Some(q.to_owned()),
        limit: 10,
        ..ChatQuery::default()
    };
    let page = chats::list(store, held.business, query).await?;
    Ok(page.data.len())
}

/// A search that would never end.
async fn endless(store: &Store, business: BusinessId) -> Result<(), Error> {
    const SQLITE: &str =
        "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";
    let mut conn = store.of(business).search().await?;
    let outcome = match conn.engine() {
        Engine::Sqlite(c) => sqlx::query(SQLITE).fetch_one(c).await.map(drop),
        Engine::Postgres(c) => sqlx::query("select pg_sleep(600)")
            .fetch_one(c)
            .await
            .map(drop),
    };
    outcome.map_err(Error::from)
}

async fn run(store: &Store, sql: &'static str) {
    let work = store.write(Lane::Rest, sql, |tx, sql| {
        Box::pin(async move {
            match tx.engine() {
                Engine::Sqlite(c) => drop(sqlx::query(*sql).execute(c).await?),
                Engine::Postgres(c) => drop(sqlx::query(*sql).execute(c).await?),
            }
            Ok(())
        })
    });
    work.await.unwrap();
}

both_engines! {
    async fn capitals_of_every_script_are_found_however_they_are_typed(bench: &Bench) {
        let held = bench.held().await;
        let batch = vec![
            from(1, "Élodie Åström", "DÉJÀ VU"), from(2, "ИВАН", "Привет"), from(3, "Noa", "ΑΘΗΝΑ"),
        ];
        inbound::record(&bench.store, NOON, &held, batch).await.unwrap();
        let cases = ["élodie", "ÉLODIE", "åström", "Иван", "иван", "привет", "ПРИВЕТ", "αθηνα", "déjà", "Déjà Vu"];
        for old in [false, true] {
            if old {
                // As a program wrote it that did not fold: the next start does.
                run(&bench.store, "update messages set folded = null").await;
                run(&bench.store, "update contacts set push_name_folded = null").await;
                run(&bench.store, "delete from meta where name = 'folded'").await;
                bench.store.migrate().await.unwrap();
            }
            for q in cases {
                assert_eq!(search(&bench.store, &held, q).await.unwrap(), 1, "{q}, old: {old}");
            }
            for (q, found) in [("élodie", 1), ("ИВАН", 1), ("noa", 1), ("nobody", 0)] {
                let page = contacts::list(&bench.store, held.business, Some(q), None, 10).await.unwrap();
                assert_eq!(page.data.len(), found, "{q}, old: {old}");
            }
        }
    }

    async fn a_search_that_takes_too_long_is_ended_and_keeps_nobody_else_waiting(bench: &Bench) {
        let held = bench.held().await;
        inbound::record(&bench.store, NOON, &held, vec![from(1, "Noa", "hi")]).await.unwrap();
        let start = Instant::now();
        let searches: Vec<_> = (0..20).map(|_| {
            let (store, business) = (bench.store.clone(), held.business);
            tokio::spawn(async move { endless(&store, business).await })
        }).collect();
        let mut lists = 0;
        while !searches.iter().any(tokio::task::JoinHandle::is_finished) {
            let all = ChatQuery { limit: 10, ..ChatQuery::default() };
            assert_eq!(chats::list(&bench.store, held.business, all).await.unwrap().data.len(), 1);
            lists += 1;
            tokio::task::yield_now().await;
        }
        // One that waited for the searches would be answered with the first of them.
        assert!(lists > 1, "{lists}");
        for ended in searches {
            let ended = ended.await.unwrap();
            assert!(matches!(ended, Err(Error::SearchTooLong)), "{ended:?}");
        }
        assert!(start.elapsed() < ENDED + ENDED, "{:?}", start.elapsed());
        assert_eq!(search(&bench.store, &held, "noa").await.unwrap(), 1);
    }
}
