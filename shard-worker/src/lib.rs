//! The sessions of a shard: one supervised WhatsApp client each, its keys in the vault, its messages in and out.
//! The only crate that knows the client.

mod absent;
mod acks;
mod berth;
mod claim;
mod connection;
mod dialler;
mod drain;
mod ear;
mod ending;
mod error;
mod fetch;
mod figures;
mod gate;
mod identity;
mod inbound;
mod lane;
pub mod lease;
mod live;
mod metrics;
mod pace;
mod patience;
mod pressure;
mod pulse;
mod roster;
mod runtime;
mod scribe;
mod session;
mod shard;
mod tenure;
mod unread;
pub mod vault;
mod world;

pub use error::{Error, Result};
pub use patience::Patience;
pub use shard::{Network, Shard, ShardOptions};
