//! The states of a shard process, of moves and of drains.

use crate::named::named;

named! {
    /// How a move that somebody asked for stands.
    pub enum MoveState {
        /// It was only asked what it would do.
        Planned = "planned",
        /// Sessions are on their way.
        Moving = "moving",
        /// All have arrived.
        Done = "done",
        /// The shard where they went was lost before all had arrived; the others stayed, or are where there is room.
        Failed = "failed",
    }
}

named! {
    /// How the emptying of a shard stands.
    pub enum DrainState {
        /// It gives away what it has.
        Draining = "draining",
        /// It is empty.
        Drained = "drained",
    }
}

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
