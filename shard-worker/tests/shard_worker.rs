//! Sessions over the real protocol and the real stores.

#[cfg(test)]
#[path = "../../store/tests/store/bench.rs"]
#[expect(
    dead_code,
    reason = "the store's bench, of which these tests need a part"
)]
mod bench;
#[cfg(test)]
#[path = "shard_worker/vault.rs"]
mod vault;
