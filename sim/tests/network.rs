//! The simulated network against the real client: pairing, messages, faults, restarts.

#[path = "network/client.rs"]
mod client;
#[path = "network/control.rs"]
mod control;
#[path = "network/faulty.rs"]
mod faulty;
#[path = "network/keeping.rs"]
mod keeping;
#[path = "network/linking.rs"]
mod linking;
#[path = "network/messages.rs"]
mod messages;
#[path = "network/stranger.rs"]
mod stranger;
