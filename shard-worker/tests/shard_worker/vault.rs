//! The client's store over the vault: what is written reads back, after a reopening too, and nothing by mistake.

#[path = "vault/device.rs"]
mod device;
#[path = "vault/fence.rs"]
mod fence;
#[path = "vault/model.rs"]
mod model;
#[path = "vault/rest.rs"]
mod rest;
#[path = "vault/traits.rs"]
mod traits;

use std::sync::Arc;
use std::time::Duration;

use store::seal::{Keys, MasterKey};
use store::{Held, Store};
use switchyard_shard_worker::lease::Deadline;
use switchyard_shard_worker::vault::{SessionVault, Vaults};

use crate::bench::Bench;

/// A held session on a bench, and the key of its vault.
pub(crate) struct Desk {
    pub(crate) held: Held,
    pub(crate) master: MasterKey,
    store: Store,
}

impl Desk {
    pub(crate) async fn new(bench: &Bench) -> Self {
        Self {
            held: bench.held().await,
            master: MasterKey::generate(),
            store: bench.store.clone(),
        }
    }

    /// Opens the vault as a new process would.
    pub(crate) async fn open(&self) -> Arc<SessionVault> {
        self.open_with(self.held, false).await
    }

    pub(crate) async fn open_with(&self, held: Held, paired: bool) -> Arc<SessionVault> {
        let deadline = Deadline::within(Duration::from_secs(20));
        self.open_for(held, paired, deadline).await
    }

    pub(crate) async fn open_until(&self, span: Duration) -> Arc<SessionVault> {
        self.open_for(self.held, false, Deadline::within(span))
            .await
    }

    async fn open_for(&self, held: Held, paired: bool, deadline: Deadline) -> Arc<SessionVault> {
        let keys = Keys::new(self.store.clone(), self.master.clone());
        let registry = prometheus::Registry::new();
        let vaults = Vaults::new(self.store.clone(), keys, &registry).unwrap();
        vaults.open(held, paired, deadline).await.unwrap()
    }
}

/// Runs a statement that the product has not.
pub(crate) async fn run(store: &Store, sql: &'static str) {
    let done = store
        .write(store::Lane::Rest, (), move |tx, ()| {
            Box::pin(async move {
                match tx.engine() {
                    store::Engine::Sqlite(connection) => {
                        sqlx::query(sql).execute(connection).await?.rows_affected()
                    }
                    store::Engine::Postgres(connection) => {
                        sqlx::query(sql).execute(connection).await?.rows_affected()
                    }
                };
                Ok(())
            })
        })
        .await;
    done.unwrap();
}
