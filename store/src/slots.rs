//! Slots of calls: leases under one limit over all replicas and one for each business, in Redis or in this process,
//! with what a live call must remember between two webhooks.

mod book;
mod lease;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use switchyard_core::BusinessId;

use crate::redis::{Away, Redis};
use book::Book;

pub use lease::{
    Admission, Ask, Holder, Holding, Last, Mode, Pulse, Renaming, Standing, Timing, Turn,
};

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

    /// The same slots over a connection of its own, which lives on the runtime that this is called in.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self {
            shared: self.shared.as_ref().map(Redis::apart),
            ..self.clone()
        }
    }

    /// The same slots for a replica that leaves: its beats renew what it holds and do not say that it stays.
    #[must_use]
    pub fn leaving(&self) -> Self {
        let timing = Timing {
            alive: Duration::ZERO,
            ..self.timing
        };
        Self {
            timing,
            ..self.clone()
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
            return Ok(self.own(|book| book.beat(replica, self.timing.alive, held)));
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

    /// The call is over: its slot is free, and it gets none again. `true` the first time. A call that is known to be
    /// another business's stays as it is.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn release(&self, id: &str, business: BusinessId, ended: &str) -> Result<bool, Away> {
        match &self.shared {
            Some(redis) => redis.release(id, business, ended).await,
            None => Ok(self.own(|book| book.release(id, business, ended))),
        }
    }

    /// The call is not over, but needs no slot for now: it may ask for one again. `false`: it had none, or is somebody
    /// else's.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn vacate(&self, id: &str, business: BusinessId, owner: &str) -> Result<bool, Away> {
        match &self.shared {
            Some(redis) => redis.vacate(id, business, owner).await,
            None => Ok(self.own(|book| book.vacate(id, owner))),
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

    /// Says what a call is doing, unless it is over.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn note_phase(&self, id: &str, phase: &str) -> Result<(), Away> {
        if let Some(redis) = &self.shared {
            return redis.note_phase(id, phase).await;
        }
        self.own(|book| book.note_phase(id, phase));
        Ok(())
    }

    /// Begins what is done once of a page of a call, its last one. `false`: somebody began it already, the call is on
    /// another page, or it has no slot.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn begin_page(&self, id: &str, page: u32, phase: &str) -> Result<bool, Away> {
        match &self.shared {
            Some(redis) => redis.begin_page(id, page, phase).await,
            None => Ok(self.own(|book| book.begin_page(id, page, phase))),
        }
    }

    /// Whether this replica is the one that looks after all calls for so long; one at a time is.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn lead(&self, replica: &str, time: Duration) -> Result<bool, Away> {
        match &self.shared {
            Some(redis) => redis.lead(replica, time).await,
            None => Ok(true),
        }
    }

    /// This replica goes: what it holds is anybody's.
    ///
    /// # Errors
    /// Redis does not answer; others find it out by themselves.
    pub async fn leave(&self, replica: &str) -> Result<(), Away> {
        if let Some(redis) = &self.shared {
            return redis.leave(replica).await;
        }
        self.own(|book| book.leave(replica));
        Ok(())
    }
}
