//! Running a statement: the same binds and row type, expanded once per engine, so that rustc checks both drivers.

/// Runs a statement and answers how many rows it changed.
macro_rules! execute {
    ($on:expr, $sql:expr $(, $arg:expr)* $(,)?) => {{
        let changed = match $on.engine() {
            $crate::Engine::Sqlite(connection) => sqlx::query($sql.sqlite)
                $(.bind($arg))*
                .execute(&mut *connection)
                .await
                .map(|done| done.rows_affected()),
            $crate::Engine::Postgres(connection) => sqlx::query($sql.postgres)
                $(.bind($arg))*
                .execute(&mut *connection)
                .await
                .map(|done| done.rows_affected()),
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
        let found = match $on.engine() {
            $crate::Engine::Sqlite(connection) => sqlx::query_as::<_, $row>($sql.sqlite)
                $(.bind($arg))*
                .fetch_optional(&mut *connection)
                .await,
            $crate::Engine::Postgres(connection) => sqlx::query_as::<_, $row>($sql.postgres)
                $(.bind($arg))*
                .fetch_optional(&mut *connection)
                .await,
        };
        found.map_err($crate::Error::from)
    }};
}

/// Runs a statement and answers all its rows.
macro_rules! fetch_all {
    ($on:expr, $row:ty, $sql:expr $(, $arg:expr)* $(,)?) => {{
        let found = match $on.engine() {
            $crate::Engine::Sqlite(connection) => sqlx::query_as::<_, $row>($sql.sqlite)
                $(.bind($arg))*
                .fetch_all(&mut *connection)
                .await,
            $crate::Engine::Postgres(connection) => sqlx::query_as::<_, $row>($sql.postgres)
                $(.bind($arg))*
                .fetch_all(&mut *connection)
                .await,
        };
        found.map_err($crate::Error::from)
    }};
}

pub(crate) use {execute, fetch_all, fetch_optional};

/// An id in a JSON list that a statement reads: SQLite by `unhex`, Postgres by a cast.
pub(crate) fn hex(id: uuid::Uuid) -> String {
    id.simple().to_string()
}
