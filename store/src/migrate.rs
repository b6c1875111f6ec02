//! Bringing the schema up to date. Migrations are additive; both folders hold the same file names.

use sqlx::migrate::Migrator;

use crate::{Result, Store};

static SQLITE: Migrator = sqlx::migrate!("../migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("../migrations/postgres");

impl Store {
    /// Applies every migration that is not applied yet. [`crate::Error::SchemaNewer`] when the database
    /// has one that this program does not know.
    pub async fn migrate(&self) -> Result<()> {
        match self {
            Self::Sqlite(sqlite) => {
                let mut connection = sqlite.connect().await?;
                SQLITE.run(&mut connection).await?;
                sqlx::Connection::close(connection).await?;
            }
            Self::Postgres(postgres) => POSTGRES.run(postgres.pool()).await?,
        }
        Ok(())
    }
}
