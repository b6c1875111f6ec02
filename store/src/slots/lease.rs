//! What is asked of slots and what they answer.

use std::time::Duration;

use switchyard_core::BusinessId;

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
    /// How it ended, as was said first; empty while it lives.
    pub ended_as: String,
    /// The number of its last page; 0 for none.
    pub page: u32,
    /// That page.
    pub body: String,
    /// What the call is doing, as was said last.
    pub phase: String,
}
