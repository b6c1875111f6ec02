//! Bringing the schema up to date, and telling whether it is. Migrations are additive; both folders hold the same
//! file names.

use sqlx::migrate::Migrator;

use crate::postgres::walls;
use crate::run::fetch_all;
use crate::{Error, Result, Store, fold};

pub(crate) mod sql;

static SQLITE: Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("../migrations/postgres");

/// Postgres: there is no such table. Source: its appendix of error codes.
const NO_TABLE: &str = "42P01";

impl Store {
    /// Applies every migration that is not applied yet. [`Error::SchemaNewer`] when the database has one that this
    /// program does not know, [`Error::RolesLacking`] when this login may not make the roles of row-level security.
    pub async fn migrate(&self) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => {
                let mut connection = sqlite.connect().await?;
                SQLITE.run(&mut connection).await?;
                sqlx::Connection::close(connection).await?;
            }
            Self::Postgres(postgres) => {
                walls::ensure_roles(postgres.pool()).await?;
                POSTGRES.run(postgres.pool()).await?;
            }
        }
        fold::catch_up(self).await
    }

    /// Whether the database has exactly the migrations of this program, for processes that do not migrate it.
    /// [`Error::SchemaNewer`], or [`Error::SchemaOlder`], which an empty database is too.
    pub async fn check_schema(&self) -> Result<()> {
        let ours = match self {
            Self::Sqlite(_) => &SQLITE,
            Self::Postgres(_) => &POSTGRES,
        };
        let mut conn = match self {
            Self::Sqlite(sqlite) => sqlite.read().await?,
            Self::Postgres(postgres) => postgres.bare().await?,
        };
        let applied = match fetch_all!(conn, (i64,), sql::APPLIED) {
            Ok(applied) => applied,
            Err(error) if is_without_table(&error) => Vec::new(),
            Err(error) => return Err(error),
        };
        let is_applied = |version| applied.iter().any(|(it,)| *it == version);
        is_known(ours, &applied)?;
        if ours.iter().any(|migration| !is_applied(migration.version)) {
            return Err(Error::SchemaOlder);
        }
        Ok(())
    }
}

/// [`Error::SchemaNewer`] when this program does not know one of these migrations of a database file.
pub(crate) fn file_is_known(applied: &[(i64,)]) -> Result<()> {
    is_known(&SQLITE, applied)
}

fn is_known(ours: &Migrator, applied: &[(i64,)]) -> Result<()> {
    let mut versions = applied.iter().map(|(version,)| *version);
    if versions.all(|version| ours.version_exists(version)) {
        Ok(())
    } else {
        Err(Error::SchemaNewer)
    }
}

fn is_without_table(error: &Error) -> bool {
    let Error::Database(error) = error else {
        return false;
    };
    let refusal = error.as_database_error();
    refusal.is_some_and(|it| {
        it.code().as_deref() == Some(NO_TABLE) || it.message().starts_with("no such table")
    })
}
