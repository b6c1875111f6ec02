//! What an operator wants to know of a database before processes depend on it.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use switchyard_core::Timestamp;

use crate::postgres::PostgresStore;
use crate::seal::{self, MasterKey};
use crate::{Result, migrate};

/// Whether this program can bring up a database file with that key; reads alone. [`crate::Error::SchemaNewer`],
/// [`crate::Error::WrongMasterKey`], or what keeps the file from being read.
pub async fn check_file(path: &Path, master: &MasterKey) -> Result<()> {
    // A database that was closed in order has no log, and then is read without making one.
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let mut connection = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .immutable(!Path::new(&log).exists())
        .disable_statement_logging()
        .connect()
        .await?;
    let applied = sqlx::query_as::<_, (i64,)>(migrate::sql::APPLIED.sqlite)
        .fetch_all(&mut connection)
        .await?;
    let kept = sqlx::query_as::<_, (Vec<u8>,)>(seal::sql::FACT.sqlite)
        .bind(seal::FINGERPRINT)
        .fetch_optional(&mut connection)
        .await;
    connection.close().await?;
    migrate::file_is_known(&applied)?;
    seal::same(kept?, &master.fingerprint())
}

/// What the server says of itself; also what the connections of our processes are named after.
const SERVER: &str = "select current_setting('server_version'),
        current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint,
        (extract(epoch from clock_timestamp()) * 1000)::bigint";

/// Each process once, however many connections it has.
const PROCESSES: &str = "select distinct application_name from pg_stat_activity
        where datname = current_database() and application_name like 'switchyard %'";

/// What a Postgres server said.
#[derive(Debug, Clone)]
pub struct Survey {
    /// Its version.
    pub version: String,
    /// Connections that it allows to all its clients together.
    pub connections: i64,
    /// Its clock less ours, in milliseconds.
    pub ahead_ms: i64,
    /// The most connections that each process of ours on this database may open, as far as this user may see them.
    pub processes: Vec<i64>,
}

impl PostgresStore {
    /// Asks the server.
    pub async fn survey(&self) -> Result<Survey> {
        let mut line = self.line().await?;
        let patience = line.patience().clone();
        let asked_at = Timestamp::now().ms();
        let said = sqlx::query_as(SERVER).fetch_one(&mut *line);
        let (version, connections, clock): (String, i64, i64) = patience.wait(said).await?;
        // The server looked at its clock somewhere between the question and the answer.
        let ours = asked_at.midpoint(Timestamp::now().ms());
        let asked = sqlx::query_as(PROCESSES).fetch_all(&mut *line);
        let names: Vec<(String,)> = patience.wait(asked).await?;
        let processes = names.iter().filter(|(name,)| *name != self.name());
        Ok(Survey {
            version,
            connections,
            ahead_ms: clock.saturating_sub(ours),
            processes: processes.filter_map(|(name,)| opened_by(name)).collect(),
        })
    }
}

/// How the connections of a process are named: a random word tells it from its neighbours, and how many it may open.
pub(crate) fn name(process: &str, connections: u32) -> String {
    format!("switchyard {process} {connections}")
}

fn opened_by(name: &str) -> Option<i64> {
    name.rsplit_once(' ')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_process_says_how_many_connections_it_opens() {
        assert_eq!(opened_by(&name("a1b2c3d4", 22)), Some(22));
        assert_eq!(opened_by("switchyard"), None);
        // Postgres cuts names after 63 bytes.
        assert!(name("a1b2c3d4", u32::MAX).len() < 63);
    }
}
