//! The shard with the real client, the simulated network and real databases.

#[cfg(test)]
#[path = "../../store/tests/store/bench.rs"]
#[expect(
    dead_code,
    reason = "the store's bench, of which these tests need a part"
)]
mod bench;
#[cfg(test)]
#[path = "shard_worker/endings.rs"]
mod endings;
#[cfg(test)]
#[path = "shard_worker/flood.rs"]
mod flood;
#[cfg(test)]
#[path = "shard_worker/holding.rs"]
mod holding;
#[cfg(test)]
#[path = "shard_worker/homing.rs"]
mod homing;
#[cfg(test)]
#[path = "shard_worker/keeping.rs"]
mod keeping;
#[cfg(test)]
#[path = "shard_worker/lanes.rs"]
mod lanes;
#[cfg(test)]
#[path = "shard_worker/linking.rs"]
mod linking;
#[cfg(test)]
#[path = "shard_worker/messages.rs"]
mod messages;
#[cfg(test)]
#[path = "shard_worker/phones.rs"]
mod phones;
#[cfg(test)]
#[path = "shard_worker/stage.rs"]
mod stage;
#[cfg(test)]
#[path = "shard_worker/vault.rs"]
mod vault;
