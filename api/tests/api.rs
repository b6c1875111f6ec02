//! The API over real HTTP and a real database.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking"
)]

#[path = "api/accounts.rs"]
mod accounts;
#[path = "api/app.rs"]
mod app;
#[path = "api/auth.rs"]
mod auth;
#[path = "api/call_numbers.rs"]
mod call_numbers;
#[path = "api/calls.rs"]
mod calls;
#[path = "api/database.rs"]
mod database;
#[path = "api/described.rs"]
mod described;
#[path = "api/description.rs"]
mod description;
#[path = "api/fuzzed.rs"]
mod fuzzed;
#[path = "api/linking.rs"]
mod linking;
#[path = "api/live.rs"]
mod live;
#[path = "api/manners.rs"]
mod manners;
#[path = "api/numbers.rs"]
mod numbers;
#[path = "api/operating.rs"]
mod operating;
#[path = "api/people.rs"]
mod people;
#[path = "api/queues.rs"]
mod queues;
#[path = "api/sending.rs"]
mod sending;
#[path = "api/targets.rs"]
mod targets;
#[path = "api/tenancy.rs"]
mod tenancy;
