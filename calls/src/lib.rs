//! Telephony: the provider's webhooks and media sockets, call flows, and one limit of calls over all replicas.
//!
//! A replica keeps nothing that another one could not go on with: rows are in the store, slots and live pages in Redis
//! (or in this process for `up`). The binary builds [`Options`], starts [`Calls`] and mounts [`Calls::configure`].

mod address;
mod answers;
mod breaker;
mod desk;
mod door;
mod form;
mod hangups;
mod keeper;
mod lookout;
mod media;
mod metrics;
mod options;
mod page;
mod placer;
mod provider;
mod refusals;
mod replica;
mod signature;
mod spoken;
mod ticket;
mod twiml;
mod webhooks;
mod words;

pub use options::{AtCapacity, Options};
pub use replica::{Calls, StartError};
pub use signature::SharedKey;
