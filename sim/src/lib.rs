//! A WhatsApp network and a telephone network on loopback: what the product talks to in tests, demos and benchmarks.
//!
//! One port serves the WebSocket of the network (`/ws/chat`), a control API in JSON and a page that
//! looks like phones. Every phone is a person with a number, a LID and a real Signal identity
//! (device 0); clients link to it as companions. What each phone shows is kept in its ledger, which
//! tests compare with what the product promised.

mod arrival;
mod carrier;
mod certificates;
mod companion;
mod contents;
mod control;
mod disk;
mod door;
mod effects;
mod faults;
mod iq;
mod jids;
mod ledger;
mod links;
mod log;
mod login;
mod network;
mod noise;
mod pairing;
mod person;
mod phone;
mod queue;
mod receipts;
mod relay;
mod retry;
mod scan;
mod session;
mod socket;
mod stanza;
mod strictness;
mod strike;
mod typing;
mod wire;
mod world;

pub use network::{Network, NetworkOptions};
