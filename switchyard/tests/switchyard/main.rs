//! The product's own tests: the rules of the house, and the real program from outside.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends at the first thing that is not as it must be, and says what it measured"
)]

mod audit;
mod canaries;
mod clusters;
mod demos;
mod faults;
mod fuzzed;
mod house;
mod logins;
mod metrics;
mod once;
mod outside;
mod quickstart;
mod rights;
mod roles;
mod start_and_stop;
mod story;
mod traces;
