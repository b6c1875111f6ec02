//! Renewing a lease: on Postgres over a connection of its own, so that neither a busy pool nor a busy runtime costs it.
//! A renewal that gets no answer is tried over another connection beside the first, so that neither one slow answer nor
//! one dead connection costs it either.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use tokio::time::timeout;

use super::{Figures, Incarnation, ms, sql};
use crate::run::execute;
use crate::{Lane, Result, Store};

/// Connections that a renewal is tried over side by side, at most.
const TRIES: u32 = 3;
/// A part of a lease like this is waited for an answer before it is tried over one more connection: all of them have
/// begun before the third of a lease is over that a renewal may take.
const PART: u32 = 12;

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
                let renewal = Renewal {
                    incarnation,
                    lease,
                    figures,
                };
                let (renewed, connection) = renewal.tried(options, idle.take()).await?;
                *idle = Some(connection);
                Ok(renewed)
            }
        }
    }
}

/// What is asked of the server, however often: asked twice it does the same.
#[derive(Debug, Clone, Copy)]
struct Renewal {
    incarnation: Incarnation,
    lease: Duration,
    figures: Figures,
}

impl Renewal {
    /// The first answer, and the connection that it came over. The others are closed.
    async fn tried(
        self,
        options: &PgConnectOptions,
        idle: Option<PgConnection>,
    ) -> Result<(bool, PgConnection)> {
        let part = self.lease.checked_div(PART).unwrap_or_default();
        let mut tries = FuturesUnordered::new();
        tries.push(self.over(options, idle));
        let mut begun = 1;
        loop {
            let next = if begun < TRIES {
                timeout(part, tries.next()).await
            } else {
                Ok(tries.next().await)
            };
            match next {
                Ok(Some(Ok(renewed))) => return Ok(renewed),
                Ok(Some(Err(error))) if tries.is_empty() => return Err(error),
                Ok(Some(Err(error))) => tracing::debug!(%error, "one try of a renewal failed"),
                Ok(None) | Err(_) => {
                    tracing::warn!("a renewal has no answer yet: tried over another connection");
                    begun = begun.saturating_add(1);
                    tries.push(self.over(options, None));
                }
            }
        }
    }

    async fn over(
        self,
        options: &PgConnectOptions,
        idle: Option<PgConnection>,
    ) -> Result<(bool, PgConnection)> {
        let mut connection = match idle {
            Some(connection) => connection,
            None => options.connect().await?,
        };
        let renewed = sqlx::query(sql::RENEW.postgres)
            .bind(self.incarnation.0)
            .bind(ms(self.lease))
            .bind(self.figures.cpu_milli)
            .bind(self.figures.rss_bytes)
            .bind(self.figures.messages_milli)
            .execute(&mut connection)
            .await?;
        Ok((renewed.rows_affected() > 0, connection))
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
