//! Background jobs: pushed in the transaction of what they belong to, claimed in turn between businesses under a
//! lease, finished under a fence.

use std::time::Duration;

mod claim;
mod count;
mod dead;
mod end;
mod lease;
mod prune;
pub(crate) mod push;
mod share;
pub(crate) mod sql;

pub use claim::{Ask, Claimed, Taken, claim};
pub use count::{Count, counts};
pub use dead::{DeadLetter, Wanted, dead_letters, retry, retry_some};
pub use end::{End, Finished, finish};
pub use lease::{hand_back, reap, renew};
pub use prune::prune;
pub use push::{push, tick};
pub(crate) use push::{push_last, push_last_at};

fn ms(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
