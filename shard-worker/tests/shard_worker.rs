//! Sessions over the real protocol and the real stores.

#[path = "../../store/tests/store/bench.rs"]
#[allow(
    dead_code,
    reason = "the store's bench, of which these tests need a part"
)]
mod bench;
#[path = "shard_worker/vault.rs"]
mod vault;
