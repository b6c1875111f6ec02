//! The public HTTP interface of Switchyard: routes, sign-in, live stream, OpenAPI and the embedded dashboard.
//!
//! The binary builds one [`Api`] from [`Options`], opens a listener and hands both to [`serve`]:
//!
//! ```ignore
//! let probe = api::Probe { store: store.clone(), ready: api::Readiness::new(), .. };
//! let api = api::Api::new(api::Options { store, keys, probe, stop: stop.clone(), .. })?;
//! let server = api::serve(&api, listener)?;          // any tokio runtime; handles no signals
//! let handle = server.handle();                       // handle.stop(true).await ends it gracefully
//! tokio::spawn(server);
//! ```
//!
//! The internal port is an `App` of the binary's own, to which [`configure_internal`] adds `GET /metrics`
//! and the health routes beside what other crates mount there. [`openapi()`] is the description that `switchyard openapi` prints.

mod address;
mod admin;
mod api;
mod api_keys;
mod audit;
mod auth;
mod business;
mod call_flow;
mod call_numbers;
mod caller;
mod calls;
mod chats;
mod contacts;
mod cookie;
mod dashboard;
mod docs;
mod edge;
mod events;
mod headers;
mod health;
mod hs256;
mod idempotency;
mod input;
mod limit;
mod me;
mod members;
mod messages;
mod method;
mod metrics;
mod openapi;
mod page;
mod password;
mod picture;
mod problem;
mod readiness;
mod reasons;
mod refresh;
mod server;
mod sessions;
mod token;

pub use address::{Network, NotANetwork};
pub use api::{Api, Options, OptionsError};
pub use health::Probe;
pub use metrics::configure_internal;
pub use openapi::openapi;
pub use password::{Passwords, UnfitPassword};
pub use readiness::Readiness;
pub use server::serve;
pub use token::AccessKey;
