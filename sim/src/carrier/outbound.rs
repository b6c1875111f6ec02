//! Calls that a business asks for over REST.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Carrier;
use super::address::Address;
use super::call::{Call, Direction, Parties, Status, Target};
use super::conversation::{Conversation, Goto};
use super::exchange::Account;
use super::notices::{Notices, Subscription};

/// What is asked for.
pub(crate) struct Wish {
    /// Who calls: a number of the account.
    pub(crate) from: String,
    /// Who is called.
    pub(crate) to: String,
    /// The first document.
    pub(crate) target: Target,
    /// Asked when that fails.
    pub(crate) fallback: Option<Address>,
    /// Who wants to know how it goes.
    pub(crate) subscription: Option<Subscription>,
    /// How long it rings.
    pub(crate) patience: Duration,
}

/// How many calls a second each account may begin; the others wait for their turn.
pub(crate) struct Pace {
    per_second: AtomicU64,
    next: Mutex<HashMap<String, Instant>>,
}

impl Pace {
    /// Twilio's: one a second.
    pub(crate) fn new() -> Self {
        Self {
            per_second: AtomicU64::new(1),
            next: Mutex::default(),
        }
    }

    /// Changes it for calls that are asked for from now on; never none.
    pub(crate) fn set(&self, per_second: u64) {
        self.per_second.store(per_second.max(1), Ordering::Relaxed);
    }

    /// How long the next call of that account waits.
    fn wait(&self, account: &str) -> Duration {
        let step = Duration::from_secs(1).div_f64(f64::from(
            u32::try_from(self.per_second.load(Ordering::Relaxed)).unwrap_or(u32::MAX),
        ));
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let turn = next.get(account).copied().unwrap_or(now).max(now);
        next.insert(account.to_owned(), turn + step);
        turn - now
    }
}

/// Queues the call; it goes on by itself. Returns it, and how long it waits for its turn.
pub(crate) fn place(
    carrier: &Arc<Carrier>,
    account: Arc<Account>,
    wish: Wish,
) -> anyhow::Result<(Arc<Call>, Duration)> {
    let parties = Parties {
        account,
        from: wish.from,
        to: wish.to,
        direction: Direction::OutboundApi,
        parent: None,
    };
    let (call, heard) = Call::new(parties, Status::Queued);
    carrier.calls.add(&call)?;
    carrier.admissions.placed();
    let wait = carrier.pace.wait(&call.parties.account.sid);
    let notices = Notices::start(carrier, &call, wish.subscription);
    let talk = Conversation::new(carrier, &call, heard, notices, wish.fallback);
    let callee = carrier.callee(&call, &call.parties.to);
    let first = Goto::voice_at(wish.target);
    carrier.spawn(talk.call_out(callee, wait, wish.patience, first));
    Ok((call, wait))
}
