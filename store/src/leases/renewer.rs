//! Renewing a lease: on Postgres over a connection of its own, so that neither a busy pool nor a busy runtime costs it.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};

use super::{Figures, Incarnation, ms, sql};
use crate::run::execute;
use crate::{Lane, Result, Store};

/// Renews the lease of one process. It connects on the runtime of its caller, which should serve nothing else.
#[derive(Debug)]
pub struct Renewer(Way);

#[derive(Debug)]
enum Way {
    /// The one writer, which takes renewals first.
    Sqlite(Store),
    /// None while there is no connection.
    Postgres(Box<PgConnectOptions>, Option<PgConnection>),
}

impl Renewer {
    /// Connects at the first renewal.
    pub fn new(store: &Store) -> Self {
        Self(match store {
            Store::Sqlite(_) => Way::Sqlite(store.clone()),
            Store::Postgres(postgres) => {
                // A renewal that a power cut takes back harms nobody: the lease ends earlier.
                let options = postgres.direct().options([("synchronous_commit", "off")]);
                Way::Postgres(Box::new(options), None)
            }
        })
    }

    /// Makes the lease last `lease` from now on, and writes down how the process does; false: it was lost, hang up
    /// everything. Dropped before its end it closes its connection, and the next call opens another.
    pub async fn renew(
        &mut self,
        incarnation: Incarnation,
        lease: Duration,
        figures: Figures,
    ) -> Result<bool> {
        match &mut self.0 {
            Way::Sqlite(store) => renew_by_writer(store, incarnation, lease, figures).await,
            Way::Postgres(options, idle) => {
                let mut connection = match idle.take() {
                    Some(connection) => connection,
                    None => options.connect().await?,
                };
                let renewed = sqlx::query(sql::RENEW.postgres)
                    .bind(incarnation.0)
                    .bind(ms(lease))
                    .bind(figures.cpu_milli)
                    .bind(figures.rss_bytes)
                    .bind(figures.messages_milli)
                    .execute(&mut connection)
                    .await?;
                *idle = Some(connection);
                Ok(renewed.rows_affected() > 0)
            }
        }
    }
}

async fn renew_by_writer(
    store: &Store,
    incarnation: Incarnation,
    lease: Duration,
    figures: Figures,
) -> Result<bool> {
    let input = (incarnation, lease, figures);
    store
        .write_relaxed(Lane::Leases, input, |tx, (incarnation, lease, figures)| {
            Box::pin(async move {
                let renewed = execute!(
                    tx,
                    sql::RENEW,
                    incarnation.0,
                    ms(*lease),
                    figures.cpu_milli,
                    figures.rss_bytes,
                    figures.messages_milli
                )?;
                Ok(renewed > 0)
            })
        })
        .await
}
