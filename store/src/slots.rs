//! Slots of calls: leases under one limit over all replicas and one for each business, in Redis or in this process,
//! with what a live call must remember between two webhooks.

mod book;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use switchyard_core::BusinessId;

use crate::redis::{Away, Redis};
use book::Book;

/// How long an admission may take; whoever waits longer is refused.
const ADMISSION: Duration = Duration::from_millis(300);
/// How long the state of a call that nobody touches is kept.
pub(crate) const LIFE: Duration = Duration::from_hours(2);
/// How long an ended call is known to have ended: repeated callbacks come within seconds, late ones within minutes.
pub(crate) const STONE: Duration = Duration::from_hours(1);
/// Slots that [`Slots::holders`] shows at most.
pub(crate) const HOLDERS_MOST: usize = 2_000;
/// Calls that one beat renews in one step.
const BEAT_MOST: usize = 500;

/// The clocks of slots.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// How long a lease lasts.
    pub lease: Duration,
    /// How long after a beat a replica counts as alive.
    pub alive: Duration,
    /// After so long without any beat what is stored is not believed to be all: shorter than a lease less a beat.
    pub stale: Duration,
    /// For how long owners then say what they hold before anybody new is let in: longer than a beat.
    pub grace: Duration,
}

impl Default for Timing {
    /// Leases of 20 s renewed every 4 s, so that the slots of a dead replica are free within 20 s.
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(20),
            alive: Duration::from_secs(10),
            stale: Duration::from_secs(15),
            grace: Duration::from_secs(5),
        }
    }
}

/// How a slot is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// For a call that may be new.
    New,
    /// For a call that this replica has in hand from now on: whoever had it loses it.
    Take,
    /// For a call that is known to live and whose slot was lost.
    Reassert,
}

impl Mode {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Take => "take",
            Self::Reassert => "reassert",
        }
    }
}

/// Who asks for the slot of which call.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The call's id at the provider, or the reservation of one that has none yet.
    pub id: &'a str,
    /// Whose call it is.
    pub business: BusinessId,
    /// The replica that asks.
    pub owner: &'a str,
    /// How.
    pub mode: Mode,
    /// The most calls at once of all businesses, where no operator has set another number.
    pub limit: u32,
    /// The most calls at once of this one.
    pub business_limit: u32,
    /// The epoch that the owner had, 0 for none: the next one is higher.
    pub epoch: u64,
    /// What the call is doing.
    pub phase: &'a str,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// Admitted.
    New {
        /// Live slots, with this one.
        live: u32,
        /// What fences a former owner.
        epoch: u64,
    },
    /// It has its slot already, which lasts longer now.
    Held {
        /// The epoch of its owner.
        epoch: u64,
        /// Its owner.
        owner: String,
    },
    /// The limit of all is reached.
    Full,
    /// The limit of the business is reached.
    FullOfBusiness,
    /// Owners say what they hold first.
    Warming {
        /// For so long.
        left: Duration,
    },
    /// The call is over.
    Ended,
}

/// A call that a replica holds, at a beat.
#[derive(Debug, Clone)]
pub struct Holding {
    /// The call.
    pub id: String,
    /// Whose.
    pub business: BusinessId,
    /// The epoch under which it is held.
    pub epoch: u64,
    /// How long it may still be held on the evidence that there is.
    pub left: Duration,
}

/// What a beat says of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pulse {
    /// Renewed.
    Held,
    /// It is over.
    Ended,
    /// Another replica has it.
    Stolen,
    /// There is no evidence any more that it lives.
    Overdue,
    /// It has no slot any more.
    Lost,
}

impl Pulse {
    pub(crate) fn named(name: &str) -> Self {
        match name {
            "ok" => Self::Held,
            "ended" => Self::Ended,
            "stolen" => Self::Stolen,
            "overdue" => Self::Overdue,
            _ => Self::Lost,
        }
    }
}

/// What became of a reservation whose call has an id now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renaming {
    /// The call has the slot of the reservation.
    Renamed,
    /// It had one already; that of the reservation is free.
    Done,
    /// The call is over; the slot is free.
    Ended,
    /// The reservation has lapsed.
    Lost,
}

/// A live slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The call.
    pub id: String,
    /// Whose, unless its state is gone.
    pub business: Option<BusinessId>,
    /// The replica that renews it.
    pub owner: String,
    /// The epoch under which it does.
    pub epoch: u64,
    /// What the call was doing.
    pub phase: String,
    /// How long it has been held.
    pub age: Duration,
    /// How long the lease still lasts.
    pub left: Duration,
    /// Whether the replica has beaten lately.
    pub owner_lives: bool,
}

/// How the slots stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Live slots.
    pub live: u32,
    /// The limit of all.
    pub limit: u32,
    /// For how long nobody new is let in.
    pub warming: Duration,
}

/// What became of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// It is the call's page from now on.
    Turned,
    /// The call has this one, or is past it; here is its last.
    Repeated(String),
    /// The call is over.
    Ended,
}

/// What is known of a call's pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Last {
    /// Whether the call is over.
    pub ended: bool,
    /// The number of its last page; 0 for none.
    pub page: u32,
    /// That page.
    pub body: String,
}

/// The slots of an installation. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Slots {
    shared: Option<Redis>,
    own: Arc<Mutex<Book>>,
    timing: Timing,
}

impl Slots {
    /// Shared through that server, or of this process alone. Without an answer from the server nothing is counted here
    /// instead: two counts would be two limits.
    pub fn new(shared: Option<Redis>, timing: Timing) -> Self {
        Self {
            shared,
            own: Arc::new(Mutex::new(Book::new(timing))),
            timing,
        }
    }

    /// The clocks.
    pub fn timing(&self) -> Timing {
        self.timing
    }

    fn own<T>(&self, verb: impl FnOnce(&mut Book) -> T) -> T {
        verb(&mut self.own.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks for a slot. The same call may ask any number of times and has one. Answers within 300 ms.
    ///
    /// # Errors
    /// Redis does not answer: nobody is let in.
    pub async fn acquire(&self, ask: Ask<'_>) -> Result<Admission, Away> {
        match &self.shared {
            Some(redis) => {
                redis
                    .within(ADMISSION, redis.acquire(self.timing, ask))
                    .await
            }
            None => Ok(self.own(|book| book.acquire(ask))),
        }
    }

    /// Says that the replica lives and renews what it holds; answers in the order of `held`.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn beat(&self, replica: &str, held: &[Holding]) -> Result<Vec<Pulse>, Away> {
        let Some(redis) = &self.shared else {
            return Ok(self.own(|book| book.beat(replica, held)));
        };
        if held.is_empty() {
            return redis.beat(self.timing, replica, held).await;
        }
        let mut answers = Vec::with_capacity(held.len());
        for part in held.chunks(BEAT_MOST) {
            answers.extend(redis.beat(self.timing, replica, part).await?);
        }
        Ok(answers)
    }

    /// The call is over: its slot is free, and it gets none again. `true` the first time.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn release(&self, id: &str, business: BusinessId, ended: &str) -> Result<bool, Away> {
        match &self.shared {
            Some(redis) => redis.release(id, business, ended).await,
            None => Ok(self.own(|book| book.release(id, ended))),
        }
    }

    /// Gives the slot of a reservation to its call.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn rename(
        &self,
        reservation: &str,
        id: &str,
        business: BusinessId,
    ) -> Result<Renaming, Away> {
        match &self.shared {
            Some(redis) => redis.rename(reservation, id, business).await,
            None => Ok(self.own(|book| book.rename(reservation, id))),
        }
    }

    /// Removes slots whose lease has run out and tells whose they were, some hundred at a time.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn sweep(&self) -> Result<Vec<(String, Option<BusinessId>)>, Away> {
        match &self.shared {
            Some(redis) => redis.sweep().await,
            None => Ok(self.own(Book::sweep)),
        }
    }

    /// How they stand; `limit` is that of the settings.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn standing(&self, limit: u32) -> Result<Standing, Away> {
        match &self.shared {
            Some(redis) => redis.standing(self.timing, limit).await,
            None => Ok(self.own(|book| book.standing(limit))),
        }
    }

    /// Who holds a slot.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn holders(&self) -> Result<Vec<Holder>, Away> {
        match &self.shared {
            Some(redis) => redis.holders().await,
            None => Ok(self.own(Book::holders)),
        }
    }

    /// Sets the limit for all replicas; `None`: each has that of its settings. Nobody who is in loses the slot.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn set_limit(&self, limit: Option<u32>) -> Result<(), Away> {
        if let Some(redis) = &self.shared {
            return redis.set_limit(limit).await;
        }
        self.own(|book| book.set_limit(limit));
        Ok(())
    }

    /// Turns to the call's page of that number, from 1: the first text of a page stays its text.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn turn(&self, id: &str, page: u32, body: &str, phase: &str) -> Result<Turn, Away> {
        match &self.shared {
            Some(redis) => redis.turn(id, page, body, phase).await,
            None => Ok(self.own(|book| book.turn(id, page, body, phase))),
        }
    }

    /// The last page of a call.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn last(&self, id: &str) -> Result<Last, Away> {
        match &self.shared {
            Some(redis) => redis.last(id).await,
            None => Ok(self.own(|book| book.last(id))),
        }
    }
}
