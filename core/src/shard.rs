//! The states of a shard process.

use crate::named::named;

named! {
    /// What a shard process does with sessions.
    pub enum ShardState {
        /// It holds some and takes more.
        Live = "live",
        /// It takes none, and gives away those that it has.
        Draining = "draining",
        /// It let its lease lapse, or stopped: what it held is others' to take.
        Lost = "lost",
    }
}
