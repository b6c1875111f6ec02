//! The simulated networks against the real client and a business: pairing, messages, faults, restarts, calls.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what a test needs and does not find ends the test"
)]

#[path = "network/addresses.rs"]
mod addresses;
#[path = "network/business.rs"]
mod business;
#[path = "network/callbacks.rs"]
mod callbacks;
#[path = "network/calling.rs"]
mod calling;
#[path = "network/client.rs"]
mod client;
#[path = "network/connected.rs"]
mod connected;
#[path = "network/control.rs"]
mod control;
#[path = "network/endings.rs"]
mod endings;
#[path = "network/faulty.rs"]
mod faulty;
#[path = "network/fuzzed.rs"]
mod fuzzed;
#[path = "network/judge.rs"]
mod judge;
#[path = "network/keeping.rs"]
mod keeping;
#[path = "network/linking.rs"]
mod linking;
#[path = "network/load.rs"]
mod load;
#[path = "network/messages.rs"]
mod messages;
#[path = "network/peer.rs"]
mod peer;
#[path = "network/provider.rs"]
mod provider;
#[path = "network/recorded.rs"]
mod recorded;
#[path = "network/storm.rs"]
mod storm;
#[path = "network/stranger.rs"]
mod stranger;
#[path = "network/streams.rs"]
mod streams;
