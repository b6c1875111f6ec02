//! Running a statement: the same binds and row type, expanded once per engine, so that rustc checks both drivers.
//! What another program answers is waited for only so long.

use crate::postgres::line::Patience;

/// Runs a statement and answers how many rows it changed.
macro_rules! execute {
    ($on:expr, $sql:expr $(, $arg:expr)* $(,)?) => {{
        let patience = $on.patience();
        let changed = match $on.engine() {
            $crate::Engine::Sqlite(connection) => sqlx::query($sql.sqlite)
                $(.bind($arg))*
                .execute(&mut *connection)
                .await
                .map(|done| done.rows_affected()),
            $crate::Engine::Postgres(connection) => {
                let done = sqlx::query($sql.postgres)
                    $(.bind($arg))*
                    .execute(&mut *connection);
                $crate::run::answered(patience, done)
                    .await
                    .map(|done| done.rows_affected())
            }
        };
        if let Ok(rows) = &changed {
            $on.changed(*rows);
        }
        changed.map_err($crate::Error::from)
    }};
}

/// Runs a statement and answers its first row, if there is one.
macro_rules! fetch_optional {
    ($on:expr, $row:ty, $sql:expr $(, $arg:expr)* $(,)?) => {{
        let patience = $on.patience();
        let found = match $on.engine() {
            $crate::Engine::Sqlite(connection) => sqlx::query_as::<_, $row>($sql.sqlite)
                $(.bind($arg))*
                .fetch_optional(&mut *connection)
                .await,
            $crate::Engine::Postgres(connection) => {
                let found = sqlx::query_as::<_, $row>($sql.postgres)
                    $(.bind($arg))*
                    .fetch_optional(&mut *connection);
                $crate::run::answered(patience, found).await
            }
        };
        found.map_err($crate::Error::from)
    }};
}

/// Runs a statement and answers all its rows.
macro_rules! fetch_all {
    ($on:expr, $row:ty, $sql:expr $(, $arg:expr)* $(,)?) => {{
        let patience = $on.patience();
        let found = match $on.engine() {
            $crate::Engine::Sqlite(connection) => sqlx::query_as::<_, $row>($sql.sqlite)
                $(.bind($arg))*
                .fetch_all(&mut *connection)
                .await,
            $crate::Engine::Postgres(connection) => {
                let found = sqlx::query_as::<_, $row>($sql.postgres)
                    $(.bind($arg))*
                    .fetch_all(&mut *connection);
                $crate::run::answered(patience, found).await
            }
        };
        found.map_err($crate::Error::from)
    }};
}

pub(crate) use {execute, fetch_all, fetch_optional};

/// What was asked of an engine, waited for no longer than there is patience.
pub(crate) async fn answered<T>(
    patience: Option<Patience>,
    answer: impl Future<Output = sqlx::Result<T>>,
) -> sqlx::Result<T> {
    match patience {
        Some(patience) => patience.wait(answer).await,
        None => answer.await,
    }
}

/// An id in a JSON list that a statement reads: SQLite by `unhex`, Postgres by a cast.
pub(crate) fn hex(id: uuid::Uuid) -> String {
    id.simple().to_string()
}
