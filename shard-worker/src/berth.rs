//! A session's place in this process: what is wanted of it, under which epoch it is held, and its live connection; and
//! the places of all of them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use store::Held;
use store::sessions::Wish;
use switchyard_core::session::Wanted;
use switchyard_core::{SessionId, Timestamp};
use tokio::sync::watch;

use crate::acks::Silent;
use crate::live::Live;
use crate::tenure::Lease;

/// The right to a session.
#[derive(Debug, Clone)]
pub(crate) struct Holding {
    /// The lease that it hangs on.
    pub(crate) lease: Arc<Lease>,
    /// The session and its epoch.
    pub(crate) held: Held,
}

/// What is wanted of a session, and whether this process may act on it.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// What its business wants.
    pub(crate) wanted: Wanted,
    /// Since when.
    pub(crate) wanted_at: Timestamp,
    /// The right to the session; none while it is not ours.
    pub(crate) holding: Option<Holding>,
    /// Another shard is to have it: let go.
    pub(crate) moves: bool,
    /// The session is somebody else's: there is nothing to do here any more.
    pub(crate) dismissed: bool,
}

impl Order {
    /// The epoch under which the session is held.
    pub(crate) fn epoch(&self) -> Option<i64> {
        self.holding.as_ref().map(|it| it.held.epoch)
    }
}

/// A session's place in this process.
pub(crate) struct Berth {
    orders: watch::Sender<Order>,
    live: RwLock<Option<Arc<Live>>>,
    lost: RwLock<Option<i64>>,
    silent: Arc<Silent>,
}

impl Berth {
    /// A place with its first order.
    pub(crate) fn new(order: Order) -> Self {
        Self {
            orders: watch::Sender::new(order),
            live: RwLock::new(None),
            lost: RwLock::new(None),
            silent: Arc::default(),
        }
    }

    /// How often messages went out without an acknowledgement.
    pub(crate) fn silent(&self) -> Arc<Silent> {
        Arc::clone(&self.silent)
    }

    /// What the supervisor follows.
    pub(crate) fn orders(&self) -> watch::Receiver<Order> {
        self.orders.subscribe()
    }

    /// What is wanted by now.
    pub(crate) fn hear(&self, wish: &Wish) {
        self.orders.send_if_modified(|order| {
            let before = (order.wanted, order.wanted_at, order.moves);
            let now = (wish.wanted, wish.wanted_at, wish.moves);
            (order.wanted, order.wanted_at, order.moves) = now;
            before != now
        });
    }

    /// The session is somebody else's.
    pub(crate) fn dismiss(&self) {
        self.orders
            .send_if_modified(|order| !std::mem::replace(&mut order.dismissed, true));
    }

    /// The right to the session was won or lost.
    pub(crate) fn hold(&self, holding: Option<Holding>) {
        self.orders.send_if_modified(|order| {
            let news = order.epoch() != holding.as_ref().map(|it| it.held.epoch);
            order.holding = holding;
            news
        });
    }

    /// Whether this process may act for the session, as far as it knows.
    pub(crate) fn is_held(&self) -> bool {
        let epoch = self.orders.borrow().epoch();
        epoch.is_some() && epoch != self.lost_epoch()
    }

    /// The database refused this epoch: it is not to be used any more.
    pub(crate) fn lose(&self, epoch: i64) {
        *self.lost.write().unwrap_or_else(PoisonError::into_inner) = Some(epoch);
    }

    /// The epoch that the database refused last.
    pub(crate) fn lost_epoch(&self) -> Option<i64> {
        *self.lost.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The live connection.
    pub(crate) fn live(&self) -> Option<Arc<Live>> {
        let live = self.live.read().unwrap_or_else(PoisonError::into_inner);
        live.clone()
    }

    /// A connection has become live.
    pub(crate) fn open(&self, live: Arc<Live>) {
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Some(live);
    }

    /// The connection takes no drains any more.
    pub(crate) fn withdraw(&self) -> Option<Arc<Live>> {
        let mut live = self.live.write().unwrap_or_else(PoisonError::into_inner);
        live.take()
    }

    /// The connection is over.
    pub(crate) fn close(&self) {
        if let Some(live) = self.withdraw() {
            live.end();
        }
    }
}

/// The sessions of this process.
#[derive(Default)]
pub(crate) struct Berths(RwLock<HashMap<SessionId, Arc<Berth>>>);

impl Berths {
    /// A session's place, if it has one here.
    pub(crate) fn get(&self, session: SessionId) -> Option<Arc<Berth>> {
        let berths = self.0.read().unwrap_or_else(PoisonError::into_inner);
        berths.get(&session).cloned()
    }

    /// Every session that has a place here.
    pub(crate) fn all(&self) -> Vec<(SessionId, Arc<Berth>)> {
        let berths = self.0.read().unwrap_or_else(PoisonError::into_inner);
        berths.iter().map(|(id, it)| (*id, it.clone())).collect()
    }

    /// Gives a session its place.
    pub(crate) fn put(&self, session: SessionId, berth: Arc<Berth>) {
        let mut berths = self.0.write().unwrap_or_else(PoisonError::into_inner);
        berths.insert(session, berth);
    }

    /// The session has no place here any more.
    pub(crate) fn remove(&self, session: SessionId) {
        let mut berths = self.0.write().unwrap_or_else(PoisonError::into_inner);
        berths.remove(&session);
    }
}
