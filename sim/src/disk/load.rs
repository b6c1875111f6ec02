//! Puts a kept network back together.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use futures_util::TryStreamExt as _;
use sqlx::{Row as _, SqliteConnection};

use crate::carrier::exchange::Exchange;
use crate::certificates::ServerKeys;
use crate::companion::{Companion, KeptCompanion};
use crate::disk::Disk;
use crate::effects::Table;
use crate::log::Log;
use crate::phone::{KeptPhone, Phone, SharedPhone};

/// What a data file held.
#[derive(Default)]
pub(crate) struct Loaded {
    /// The server's keys; nothing in a new file.
    pub(crate) keys: Option<ServerKeys>,
    /// Phones by number.
    pub(crate) phones: HashMap<String, SharedPhone>,
    /// What happened.
    pub(crate) log: Log,
    /// Accounts and numbers of the telephone network.
    pub(crate) exchange: Exchange,
}

/// Reads the whole file, table by table, each in the order of its names.
pub(crate) async fn load(connection: &mut SqliteConnection) -> anyhow::Result<Loaded> {
    let mut loaded = Loaded::default();
    for table in [
        Table::Network,
        Table::Phone,
        Table::PreKey,
        Table::Session,
        Table::Identity,
        Table::Companion,
        Table::CompanionKey,
        Table::Queue,
        Table::Ledger,
        Table::Log,
        Table::Exchange,
    ] {
        let mut rows =
            sqlx::query("SELECT owner, name, value FROM kept WHERE kind = ? ORDER BY owner, name")
                .bind(table.number())
                .fetch(&mut *connection);
        while let Some(row) = rows.try_next().await? {
            let (owner, name): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
            let value: &[u8] = row.try_get(2)?;
            loaded
                .put_back(table, owner, name, value)
                .with_context(|| format!("the simulator's data is damaged in {table:?}"))?;
        }
    }
    Ok(loaded)
}

impl Loaded {
    fn put_back(
        &mut self,
        table: Table,
        owner: &str,
        name: &str,
        value: &[u8],
    ) -> anyhow::Result<()> {
        match table {
            Table::Network => self.keys = Some(ServerKeys::from_bytes(value)?),
            Table::Exchange => self.exchange.restore(owner, value)?,
            Table::Log => self.log.restore(serde_json::from_slice(value)?),
            Table::Phone => {
                let kept: KeptPhone = serde_json::from_slice(value)?;
                self.phones
                    .insert(owner.to_owned(), Arc::new(Phone::from_kept(kept)?));
            }
            Table::PreKey | Table::Session | Table::Identity | Table::Ledger => {
                let phone = self.phones.get(owner).context("a row of nobody")?;
                phone.with(&Disk::memory(), |state, _| {
                    if table == Table::Ledger {
                        state.ledger.restore(serde_json::from_slice(value)?);
                        return Ok(());
                    }
                    state.person.restore(table, name, value)
                })?;
            }
            Table::Companion => {
                let kept: KeptCompanion = serde_json::from_slice(value)?;
                let phone = self.phones.get(owner).context("a device of nobody")?;
                let companion = Companion::new(Companion::owner(owner, kept.device), kept);
                phone.with(&Disk::memory(), |state, _| {
                    state.companions.insert(companion.kept.device, companion);
                });
            }
            Table::CompanionKey | Table::Queue => self.to_companion(table, owner, name, value)?,
        }
        Ok(())
    }

    fn to_companion(
        &self,
        table: Table,
        owner: &str,
        name: &str,
        value: &[u8],
    ) -> anyhow::Result<()> {
        let (phone, device) = owner.split_once(':').context("a malformed owner")?;
        let device: u16 = device.parse()?;
        let phone = self.phones.get(phone).context("a row of nobody")?;
        phone.with(&Disk::memory(), |state, _| {
            // A device that was unlinked leaves rows behind which nobody wants any more.
            let Some(companion) = state.companion(device) else {
                return Ok(());
            };
            match table {
                Table::CompanionKey => {
                    let public = value.try_into().context("a key is not 32 bytes")?;
                    companion.restore_key(name.parse()?, public);
                    Ok(())
                }
                Table::Queue => companion.queue.restore(name, value),
                _ => bail!("a row of another table"),
            }
        })
    }
}
