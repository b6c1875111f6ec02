//! Three ways to a slot: the product's leases, a counter, and an optimistic transaction over a set.

use std::time::{Duration, Instant};

use anyhow::Result;
use redis::aio::{ConnectionManager, MultiplexedConnection};
use redis::{Client, cmd, pipe};
use store::redis::Redis;
use store::slots::{Admission, Ask, Mode, Slots, Timing};
use switchyard_core::BusinessId;

use super::TIME;

/// So many may have a slot at once.
pub(super) const LIMIT: u32 = 50;

const COUNTER: &str = "rig:counter";
const SET: &str = "rig:set";

/// Which way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Leases,
    Counter,
    Optimistic,
}

/// The way of one client.
pub(super) enum Gate {
    /// The slots of the product, over one connection for all clients, as a replica asks them.
    Leases(Box<Slots>, BusinessId),
    /// INCR and DECR over one connection for all clients: no leases, no ids, so that a client that dies keeps its slot
    /// for ever.
    Counter(ConnectionManager),
    /// WATCH, ZCARD, MULTI, ZADD, EXEC, again and again until nobody was faster, over a connection for each client, which
    /// WATCH needs.
    Optimistic(MultiplexedConnection),
}

impl Gate {
    /// The ways of so many clients.
    pub(super) async fn open(
        url: &str,
        way: Way,
        business: BusinessId,
        clients: u32,
    ) -> Result<Vec<Self>> {
        let client = Client::open(url)?;
        let mut gates = Vec::new();
        match way {
            Way::Leases => {
                // The first to ask is not made to wait for owners that there are not.
                let timing = Timing {
                    grace: Duration::ZERO,
                    ..Timing::default()
                };
                let slots = Box::new(Slots::new(Some(Redis::open(url)?), timing));
                gates.extend((0..clients).map(|_| Self::Leases(slots.clone(), business)));
            }
            Way::Counter => {
                let manager = ConnectionManager::new(client).await?;
                gates.extend((0..clients).map(|_| Self::Counter(manager.clone())));
            }
            Way::Optimistic => {
                for _ in 0..clients {
                    let connection = client.get_multiplexed_async_connection().await?;
                    gates.push(Self::Optimistic(connection));
                }
            }
        }
        Ok(gates)
    }

    /// Whether the call has a slot now, in a race that began at `start`.
    pub(super) async fn take(&mut self, id: &str, start: Instant) -> Result<bool> {
        match self {
            Self::Leases(slots, business) => {
                let ask = Ask {
                    id,
                    business: *business,
                    owner: "rig",
                    mode: Mode::New,
                    limit: LIMIT,
                    business_limit: LIMIT,
                    epoch: 0,
                    phase: "greet",
                };
                let admission = slots.acquire(ask).await?;
                Ok(matches!(admission, Admission::New { .. }))
            }
            Self::Counter(manager) => {
                let count: u32 = cmd("INCR").arg(COUNTER).query_async(manager).await?;
                if count <= LIMIT {
                    return Ok(true);
                }
                let _left: i64 = cmd("DECR").arg(COUNTER).query_async(manager).await?;
                Ok(false)
            }
            Self::Optimistic(connection) => optimistic(connection, id, start).await,
        }
    }

    /// The call is over.
    pub(super) async fn give_back(&mut self, id: &str) -> Result<()> {
        match self {
            Self::Leases(slots, business) => {
                slots.release(id, *business, "completed").await?;
            }
            Self::Counter(manager) => {
                let _left: i64 = cmd("DECR").arg(COUNTER).query_async(manager).await?;
            }
            Self::Optimistic(connection) => {
                let _removed: u32 = cmd("ZREM").arg(SET).arg(id).query_async(connection).await?;
            }
        }
        Ok(())
    }
}

/// Tries until nobody was faster, or the race is over.
async fn optimistic(
    connection: &mut MultiplexedConnection,
    id: &str,
    start: Instant,
) -> Result<bool> {
    loop {
        let (count,): (u32,) = pipe()
            .cmd("WATCH")
            .arg(SET)
            .ignore()
            .cmd("ZCARD")
            .arg(SET)
            .query_async(connection)
            .await?;
        if count >= LIMIT || start.elapsed() >= TIME {
            let () = cmd("UNWATCH").query_async(connection).await?;
            return Ok(false);
        }
        let added: Option<(u32,)> = pipe()
            .atomic()
            .cmd("ZADD")
            .arg(SET)
            .arg(0)
            .arg(id)
            .query_async(connection)
            .await?;
        if added.is_some() {
            return Ok(true);
        }
    }
}
