//! Shards as operators see and steer them.

use std::time::Duration;

use switchyard_core::SessionId;
use switchyard_core::shard::ShardState;
use uuid::Uuid;

use crate::leases::{Figures, Incarnation};
use crate::run::{fetch_all, fetch_optional};
use crate::{Error, Result, Store};

mod drains;
mod moves;
pub(crate) mod sql;

pub use drains::{Drain, drain, drain_of, undrain};
pub use moves::{Move, last_move, move_business};

/// How the store calls that no shard takes what shall go.
const CANNOT_TAKE: &str = "shard_cannot_take";

/// A shard with how it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Its number, from 1.
    pub number: u16,
    /// The process.
    pub incarnation: Incarnation,
    /// Where its internal HTTP is reached.
    pub url: String,
    /// What it does with sessions.
    pub state: ShardState,
    /// So many sessions it holds.
    pub sessions: u32,
    /// So many sessions it takes at most.
    pub capacity: u32,
    /// How long ago it renewed its lease.
    pub lease_age: Duration,
    /// How it did when it renewed.
    pub figures: Figures,
}

/// The shards by number, each with its latest process: the live one, else the one that was lost last.
pub async fn list(store: &Store) -> Result<Vec<Shard>> {
    let mut conn = store.read().await?;
    let rows = fetch_all!(conn, ShardRow, sql::LIST)?;
    let mut shards: Vec<Shard> = Vec::with_capacity(rows.len());
    for row in rows {
        // The latest of each number comes first.
        if shards.last().map(|it| i64::from(it.number)) != Some(row.number) {
            shards.push(row.into_shard()?);
        }
    }
    Ok(shards)
}

/// Whether a number that was never linked finds a shard.
pub async fn has_room(store: &Store, session: SessionId) -> Result<bool> {
    let mut conn = store.read().await?;
    Ok(fetch_optional!(conn, (i64,), sql::ROOM, session.uuid())?.is_some())
}

#[derive(sqlx::FromRow)]
struct ShardRow {
    incarnation: Uuid,
    number: i64,
    url: String,
    state: String,
    sessions: i64,
    capacity: i64,
    /// Milliseconds until the lease lapses.
    left: i64,
    /// Milliseconds since it was renewed.
    age: i64,
    cpu_milli: i64,
    rss_bytes: i64,
    messages_milli: i64,
}

impl ShardRow {
    fn into_shard(self) -> Result<Shard> {
        let id = self.incarnation;
        let corrupt = |column| Error::Corrupt {
            table: "shards",
            column,
            id: id.to_string(),
        };
        let state = ShardState::parse(&self.state).ok_or_else(|| corrupt("state"))?;
        Ok(Shard {
            number: u16::try_from(self.number).map_err(|_range| corrupt("number"))?,
            incarnation: Incarnation(id),
            url: self.url,
            // Nobody has to have noticed it yet.
            state: if self.left < 0 {
                ShardState::Lost
            } else {
                state
            },
            sessions: u32::try_from(self.sessions).unwrap_or(u32::MAX),
            capacity: u32::try_from(self.capacity).map_err(|_range| corrupt("capacity"))?,
            lease_age: Duration::from_millis(u64::try_from(self.age).unwrap_or(0)),
            figures: Figures {
                cpu_milli: self.cpu_milli,
                rss_bytes: self.rss_bytes,
                messages_milli: self.messages_milli,
            },
        })
    }
}
