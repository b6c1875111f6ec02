//! Every SQL statement of Switchyard, on SQLite and on Postgres: verbs of the business, each one transaction.

pub mod accounts;
pub mod chats;
pub mod contacts;
pub mod error;
pub mod events;
pub mod fence;
pub mod hints;
pub mod inbound;
pub mod jobs;
pub mod leases;
pub mod links;
pub mod messages;
mod metrics;
mod migrate;
pub mod page;
mod postgres;
pub mod receipts;
mod run;
pub mod seal;
pub mod sessions;
mod sqlite;
pub mod statement;
mod store;
pub mod sweeps;
mod tx;
pub mod vault;

pub use error::{Error, Result};
pub use fence::Held;
pub use hints::{Hint, Hints};
pub use page::Page;
pub use store::{Lane, Store, StoreOptions};
pub use tx::{Conn, Engine, NewEvent, Tx};
