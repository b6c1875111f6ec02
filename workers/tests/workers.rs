//! The workers over real databases: nothing lost, nothing doubled, nobody starved, whatever ends them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking"
)]

#[path = "workers/bench.rs"]
mod bench;
#[path = "workers/calling.rs"]
mod calling;
#[path = "workers/draining.rs"]
mod draining;
#[path = "workers/ending.rs"]
mod ending;
#[path = "workers/fairness.rs"]
mod fairness;
#[path = "workers/pausing.rs"]
mod pausing;
#[path = "workers/stopping.rs"]
mod stopping;
