//! Folding the texts that were written before searches knew other scripts' capitals: once per database.

use uuid::Uuid;

use crate::page::folded;
use crate::run::{execute, fetch_all, fetch_optional};
use crate::statement::{Sql, statements};
use crate::{Lane, Result, Store, seal};

/// The fact that it is done.
const DONE: &str = "folded";
/// Rows read at a time, and at most changed in one transaction.
const BATCH: i64 = 2_000;

statements! {
    TEXTS: across_tenants = "select id, text, cast(null as text) from messages
        where id > $1 and text is not null order by id limit $2";

    NAMES: across_tenants = "select id, name, push_name from contacts where id > $1 order by id limit $2";

    FOLD_TEXT: across_tenants = "update messages set folded = $2 where id = $1 and cast($3 as text) is null";

    FOLD_NAMES: across_tenants = "update contacts set name_folded = $2, push_name_folded = $3 where id = $1";
}

/// Brings every text and name of an older database up to date, unless that was done before.
pub(crate) async fn catch_up(store: &Store) -> Result<()> {
    let mut conn = store.read().await?;
    if fetch_optional!(conn, (Vec<u8>,), seal::sql::FACT, DONE)?.is_some() {
        return Ok(());
    }
    drop(conn);
    fold(store, &TEXTS, &FOLD_TEXT).await?;
    fold(store, &NAMES, &FOLD_NAMES).await?;
    store
        .write(Lane::Rest, (), |tx, ()| {
            Box::pin(async move {
                execute!(tx, seal::sql::INSERT_FACT, DONE, DONE.as_bytes())?;
                Ok(())
            })
        })
        .await
}

type Row = (Uuid, Option<String>, Option<String>);

async fn fold(store: &Store, from: &'static Sql, to: &'static Sql) -> Result<()> {
    let mut last = Uuid::nil();
    loop {
        let mut conn = store.read().await?;
        let rows = fetch_all!(conn, Row, from, last, BATCH)?;
        drop(conn);
        let Some((newest, ..)) = rows.last() else {
            return Ok(());
        };
        last = *newest;
        let other = |text: Option<String>| text.as_deref().and_then(folded);
        let changes: Vec<Row> = rows
            .into_iter()
            .map(|(id, one, two)| (id, other(one), other(two)))
            .filter(|(_, one, two)| one.is_some() || two.is_some())
            .collect();
        if changes.is_empty() {
            continue;
        }
        store
            .write(Lane::Rest, (to, changes), |tx, (to, changes)| {
                Box::pin(async move {
                    for (id, one, two) in changes {
                        execute!(tx, to, id, one.as_deref(), two.as_deref())?;
                    }
                    Ok(())
                })
            })
            .await?;
    }
}
