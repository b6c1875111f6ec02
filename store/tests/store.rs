//! The contract of every verb of the store, on both engines.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::items_after_statements,
    clippy::excessive_nesting,
    clippy::similar_names,
    clippy::print_stdout,
    clippy::drop_non_drop,
    clippy::string_slice,
    clippy::float_cmp,
    reason = "tests read in one piece and fail by panicking"
)]

#[path = "store/accounts.rs"]
mod accounts;
#[path = "store/bench.rs"]
mod bench;
#[path = "store/cache.rs"]
mod cache;
#[path = "store/call_requests.rs"]
mod call_requests;
#[path = "store/calls.rs"]
mod calls;
#[path = "store/chats.rs"]
mod chats;
#[path = "store/crash.rs"]
mod crash;
#[path = "store/dead_letters.rs"]
mod dead_letters;
#[path = "store/events.rs"]
mod events;
#[path = "store/hints.rs"]
mod hints;
#[path = "store/inbound.rs"]
mod inbound;
#[path = "store/jobs.rs"]
mod jobs;
#[path = "store/leases.rs"]
mod leases;
#[path = "../../switchyard/tests/switchyard/outside/line.rs"]
mod line;
#[path = "store/links.rs"]
mod links;
#[path = "store/messages.rs"]
mod messages;
#[path = "store/missed.rs"]
mod missed;
#[path = "store/moves.rs"]
mod moves;
#[path = "store/orphans.rs"]
mod orphans;
#[path = "store/postgres.rs"]
mod postgres;
#[path = "store/protocol.rs"]
mod protocol;
#[path = "store/queues.rs"]
mod queues;
#[path = "store/quota.rs"]
mod quota;
#[path = "store/rates.rs"]
mod rates;
#[path = "store/receipts.rs"]
mod receipts;
#[path = "store/redis.rs"]
mod redis;
#[path = "../../switchyard/tests/switchyard/outside/redis_server.rs"]
mod redis_server;
#[path = "store/retention.rs"]
mod retention;
#[path = "store/schema.rs"]
mod schema;
#[path = "store/searches.rs"]
mod searches;
#[path = "store/sessions.rs"]
mod sessions;
#[path = "store/shards.rs"]
mod shards;
#[path = "store/slots.rs"]
mod slots;
#[path = "store/traces.rs"]
mod traces;
#[path = "store/vault.rs"]
mod vault;
#[path = "store/walls.rs"]
mod walls;
#[path = "store/writer.rs"]
mod writer;
