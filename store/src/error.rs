//! What can go wrong in the store. Absence is an `Option`; a row that does not parse is `Corrupt`, never skipped.

use std::sync::Arc;

use sqlx::migrate::MigrateError;
use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;

/// The result of a verb.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a verb failed. Nothing of it was written, unless the connection broke during the commit itself.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The caller's epoch is stale: another holder has the session. Nothing may be retried under this epoch.
    #[error("another holder has this session now")]
    Fenced,
    /// The state does not allow it; the code says what is in the way.
    #[error("not possible in the present state: {0}")]
    Conflict(&'static str),
    /// A stored value cannot be read.
    #[error("table {table}, column {column}, row {id}: the stored value cannot be read")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key.
        id: String,
    },
    /// The database was migrated by a newer version of the program.
    #[error("the database was written by a newer version of this program")]
    SchemaNewer,
    /// The database lacks migrations of this program.
    #[error("the database has an older schema than this program; run `switchyard migrate` first")]
    SchemaOlder,
    /// The roles of row-level security are not all there, and whoever migrates may not make them: these statements do.
    #[error(
        "this login may not make the roles that keep businesses apart; let an administrator of the server run: {0}"
    )]
    RolesLacking(String),
    /// The master key is not the one that this database was made with.
    #[error("the master key is not the one of this database")]
    WrongMasterKey,
    /// A sealed value cannot be opened.
    #[error("a sealed value cannot be opened")]
    VaultUnreadable,
    /// There is no room left where the database lives.
    #[error("no room is left on the storage of the database")]
    StorageFull,
    /// The business has several numbers and none was named.
    #[error("the business has several numbers and none was named")]
    SessionRequired,
    /// The named session is not one of this business.
    #[error("no such session in this business")]
    NoSuchSession,
    /// The business uses all that it may; the word says of what.
    #[error("the business uses all that it may: {0}")]
    QuotaExceeded(&'static str),
    /// No shard has room for a number that was never linked.
    #[error("no shard has room for a number that was never linked")]
    NoRoom,
    /// The idempotency key was used with another body.
    #[error("the idempotency key was used with another body")]
    IdempotencyMismatch,
    /// The cursor points before the oldest event that is kept, or beyond the newest.
    #[error("the cursor names no event that is kept")]
    CursorExpired,
    /// The cursor of a list cannot be read.
    #[error("the cursor cannot be read")]
    InvalidCursor,
    /// A search took too long, or waited too long for those before it.
    #[error("the search took too long")]
    SearchTooLong,
    /// A value could not be written as JSON.
    #[error("a value could not be written as JSON: {0}")]
    Unwritable(Arc<serde_json::Error>),
    /// A metric could not be registered.
    #[error("a metric could not be registered: {0}")]
    Metrics(Arc<prometheus::Error>),
    /// The database cannot be reached for the moment; trying again later may help.
    #[error("the database cannot be reached: {0}")]
    Unavailable(Arc<sqlx::Error>),
    /// The database refused; trying again does not help.
    #[error("the database refused: {0}")]
    Database(Arc<sqlx::Error>),
}

/// SQLite result codes that mean a write found no room: FULL, and the input/output errors of a write
/// over quota and of growing the shared-memory file. Source: sqlite.org/rescode.html.
const SQLITE_NO_ROOM: [&str; 3] = ["13", "778", "4874"];
/// SQLite: interrupted by the progress handler, which only searches have.
const SQLITE_INTERRUPTED: &str = "9";
/// Postgres: canceled by the statement timeout, which only searches have.
const POSTGRES_CANCELED: &str = "57014";
/// Low byte of the SQLite codes of a database that is locked by somebody else.
const SQLITE_BUSY: [&str; 4] = ["5", "261", "517", "773"];
/// Postgres: disk full. Source: its appendix of error codes.
const POSTGRES_DISK_FULL: &str = "53100";
/// Postgres: serialization failure and deadlock, to be tried again; and a unique violation, which is the loser's
/// side of two transactions that made the same contact or chat: at the next try it finds the winner's.
const POSTGRES_RETRY: [&str; 3] = ["40001", "40P01", "23505"];
/// Postgres: too many connections, shut down by an administrator, crash, cannot connect now, and a transaction that
/// was ended because it waited too long for its next statement.
const POSTGRES_AWAY: [&str; 5] = ["53300", "57P01", "57P02", "57P03", "25P03"];

impl Error {
    /// Why there is no connection for a search: mostly because others search.
    pub(crate) fn of_a_search(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut => Self::SearchTooLong,
            other => other.into(),
        }
    }

    /// Whether Postgres asks for the same transaction once more.
    pub(crate) fn asks_for_retry(&self) -> bool {
        match self {
            Self::Database(error) => error
                .as_database_error()
                .and_then(|it| it.try_downcast_ref::<PgDatabaseError>())
                .is_some_and(|it| POSTGRES_RETRY.contains(&it.code())),
            _ => false,
        }
    }

    /// The name of the unique or check constraint that was violated, where the engine tells.
    pub(crate) fn is_unique_violation(&self) -> bool {
        match self {
            Self::Database(error) => error
                .as_database_error()
                .is_some_and(sqlx::error::DatabaseError::is_unique_violation),
            _ => false,
        }
    }

    /// Whether the database itself failed, rather than a verb's own rule.
    pub(crate) fn breaks_the_transaction(&self) -> bool {
        matches!(self, Self::StorageFull | Self::Unavailable(_))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match Kind::of(&error) {
            Kind::Full => Self::StorageFull,
            Kind::Slow => Self::SearchTooLong,
            Kind::Away => Self::Unavailable(Arc::new(error)),
            Kind::Refused => Self::Database(Arc::new(error)),
        }
    }
}

impl From<MigrateError> for Error {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => Self::SchemaNewer,
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            other => Self::Database(Arc::new(sqlx::Error::Migrate(Box::new(other)))),
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Unwritable(Arc::new(error))
    }
}

impl From<prometheus::Error> for Error {
    fn from(error: prometheus::Error) -> Self {
        Self::Metrics(Arc::new(error))
    }
}

enum Kind {
    Full,
    Slow,
    Away,
    Refused,
}

impl Kind {
    fn of(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(refusal) => {
                let code = refusal.code().unwrap_or_default();
                if refusal.try_downcast_ref::<SqliteError>().is_some() {
                    Self::of_sqlite(&code)
                } else {
                    Self::of_postgres(&code)
                }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Away,
            _ => Self::Refused,
        }
    }

    fn of_sqlite(code: &str) -> Self {
        if SQLITE_NO_ROOM.contains(&code) {
            Self::Full
        } else if code == SQLITE_INTERRUPTED {
            Self::Slow
        } else if SQLITE_BUSY.contains(&code) {
            Self::Away
        } else {
            Self::Refused
        }
    }

    fn of_postgres(code: &str) -> Self {
        if code == POSTGRES_DISK_FULL {
            Self::Full
        } else if code == POSTGRES_CANCELED {
            Self::Slow
        } else if code.starts_with("08") || POSTGRES_AWAY.contains(&code) {
            Self::Away
        } else {
            Self::Refused
        }
    }
}
