//! Keeps what changes in one SQLite file: one writer, many changes in one transaction, and only then
//! the stanzas that tell about them.

mod load;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use anyhow::Context as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteLockingMode, SqliteSynchronous};
use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinHandle;

pub(crate) use load::{Loaded, load};

use crate::effects::{Effects, Row, Table};

/// How many steps of clients may wait for the disk before further ones are not read.
const WAITING: usize = 10_000;

/// How many waiting changes go into one transaction at most.
const BATCH: usize = 2_000;

/// How many rows one statement writes at most, a power of two; four values each, far below SQLite's limit of 32,766.
const ROWS: usize = 64;

/// The pages that stay in memory, in kibibytes (negative by SQLite's convention): the sessions and queues of
/// thousands of devices, which every message changes.
const CACHE: &str = "-65536";

/// After how many pages the log goes into the file, 64 MiB: a page that changes with every message goes once.
const LOG_PAGES: &str = "16384";

/// Where changes go.
pub(crate) struct Disk {
    writer: Writer,
    room: Arc<Semaphore>,
}

enum Writer {
    /// Nothing is kept.
    Nowhere,
    /// The task that writes; nothing once the disk is closed.
    Task(RwLock<Option<mpsc::UnboundedSender<Effects>>>),
}

impl Disk {
    /// Keeps nothing beyond the process.
    pub(crate) fn memory() -> Self {
        Self {
            writer: Writer::Nowhere,
            room: Arc::new(Semaphore::new(WAITING)),
        }
    }

    /// Keeps everything in that open file. The task ends when the disk is closed and all is
    /// written.
    pub(crate) fn file(connection: SqliteConnection) -> (Self, JoinHandle<()>) {
        // Unbounded, because changes are made under locks; what fills it is bounded by `admit`.
        let (writer, changes) = mpsc::unbounded_channel();
        let task = tokio::spawn(write(connection, changes));
        let writer = Writer::Task(RwLock::new(Some(writer)));
        (
            Self {
                writer,
                room: Arc::new(Semaphore::new(WAITING)),
            },
            task,
        )
    }

    /// Waits until the writer has room for another step.
    pub(crate) async fn admit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.room).acquire_owned().await.ok()
    }

    /// Keeps the changes, then lets their stanzas go. Steps are kept in the order of the calls.
    pub(crate) fn commit(&self, effects: Effects) {
        let Writer::Task(task) = &self.writer else {
            return effects.release();
        };
        let task = task.read().unwrap_or_else(PoisonError::into_inner);
        if task.as_ref().is_none_or(|task| task.send(effects).is_err()) {
            tracing::debug!("a change came after the data file was closed");
        }
    }

    /// Takes no further changes; the writer ends when it has kept those that it has.
    pub(crate) fn close(&self) {
        if let Writer::Task(task) = &self.writer {
            task.write().unwrap_or_else(PoisonError::into_inner).take();
        }
    }
}

/// Opens the data file in that folder, making both when they are missing.
pub(crate) async fn open(folder: &Path) -> anyhow::Result<SqliteConnection> {
    tokio::fs::create_dir_all(folder)
        .await
        .context("cannot make the simulator's folder")?;
    let options = SqliteConnectOptions::new()
        .filename(folder.join("network.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A killed process loses nothing; only a power cut could, and a simulator may forget then.
        .synchronous(SqliteSynchronous::Normal)
        // Nobody else reads the file: no shared index of the log, no lock at each transaction.
        .locking_mode(SqliteLockingMode::Exclusive)
        .pragma("cache_size", CACHE)
        .pragma("wal_autocheckpoint", LOG_PAGES);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    sqlx::query(
        "CREATE TABLE IF NOT EXISTS kept (kind INTEGER NOT NULL, owner TEXT NOT NULL, \
         name TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (kind, owner, name)) WITHOUT ROWID",
    )
    .execute(&mut connection)
    .await?;
    Ok(connection)
}

async fn write(mut connection: SqliteConnection, mut changes: mpsc::UnboundedReceiver<Effects>) {
    let mut batch = Vec::new();
    while changes.recv_many(&mut batch, BATCH).await > 0 {
        if let Err(error) = keep(&mut connection, &mut batch).await {
            // What is not kept must not be told either: the clients will send it again.
            tracing::error!(%error, "the simulator's data file cannot be written");
            batch.clear();
            continue;
        }
        for effects in batch.drain(..) {
            effects.release();
        }
    }
    if let Err(error) = connection.close().await {
        tracing::warn!(%error, "the simulator's data file did not close cleanly");
    }
}

/// Cuts a list into pieces whose lengths are powers of two, so that few statements fit them all and stay prepared.
fn pieces<T>(mut rest: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let length = 1 << rest.len().min(ROWS).checked_ilog2()?;
        let (piece, others) = rest.split_at_checked(length)?;
        rest = others;
        Some(piece)
    })
}

/// Writes all rows of a batch; the last row of a name wins.
async fn keep(connection: &mut SqliteConnection, batch: &mut [Effects]) -> sqlx::Result<()> {
    let mut rows: HashMap<(Table, String, String), Option<Vec<u8>>> = HashMap::new();
    for Row {
        table,
        owner,
        key,
        value,
    } in batch.iter_mut().flat_map(|effects| effects.rows.drain(..))
    {
        match rows.entry((table, owner, key)) {
            // A place in a queue is used once: what came and went within the batch was never written.
            Entry::Occupied(row) if table == Table::Queue && value.is_none() => {
                row.remove();
            }
            Entry::Occupied(mut row) => {
                row.insert(value);
            }
            Entry::Vacant(row) => {
                row.insert(value);
            }
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    let (put, forget): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(_, value)| value.is_some());
    let mut transaction = connection.begin().await?;
    for piece in pieces(&put) {
        let mut query = sqlx::QueryBuilder::new("INSERT INTO kept (kind, owner, name, value) ");
        query.push_values(piece, |mut row, ((table, owner, key), value)| {
            row.push_bind(table.number())
                .push_bind(owner)
                .push_bind(key)
                .push_bind(value.as_deref().unwrap_or_default());
        });
        query.push(" ON CONFLICT (kind, owner, name) DO UPDATE SET value = excluded.value");
        query.build().execute(&mut *transaction).await?;
    }
    for piece in pieces(&forget) {
        let mut query = sqlx::QueryBuilder::new("DELETE FROM kept WHERE (kind, owner, name) IN ");
        query.push_tuples(piece, |mut row, ((table, owner, key), _)| {
            row.push_bind(table.number())
                .push_bind(owner)
                .push_bind(key);
        });
        query.build().execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_hold_everything_in_order_and_have_few_lengths() {
        for count in [0, 1, 7, 63, 64, 65, 200] {
            let all: Vec<usize> = (0..count).collect();
            let cut: Vec<&[usize]> = pieces(&all).collect();
            assert_eq!(cut.concat(), all);
            assert!(
                cut.iter()
                    .all(|piece| piece.len().is_power_of_two() && piece.len() <= ROWS)
            );
        }
    }
}
