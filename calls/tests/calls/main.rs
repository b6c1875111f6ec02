//! Calls end to end: a replica or more on a database of their own, asked by a provider that signs, or by the telephone
//! network of `sim`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::items_after_statements,
    clippy::float_cmp,
    reason = "tests read in one piece and fail by panicking"
)]

mod account;
mod caller;
mod carried;
mod carrier;
mod doors;
mod drains;
mod ends;
mod front;
mod hangups;
mod judged;
mod limits;
mod missed;
mod outbound;
mod pages;
#[path = "../../../sim/tests/network/peer.rs"]
mod peer;
mod programs;
mod races;
mod redis;
#[path = "../../../switchyard/tests/switchyard/outside/redis_server.rs"]
mod redis_server;
mod retries;
mod sockets;
mod stage;
mod tickets;
mod watched;
