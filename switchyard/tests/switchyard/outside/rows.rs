//! The rows of a product, looked at and, while it does not run, damaged behind its back.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, Decode, Sqlite, SqliteConnection, Type};

/// Runs a statement on a database; how many rows it changed.
pub(crate) async fn change(database: &Path, sql: &str) -> u64 {
    let mut connection = open(database).await;
    let done = sqlx::query(AssertSqlSafe(sql.to_owned()))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    done.rows_affected()
}

/// The bytes that a statement finds in its first row.
pub(crate) async fn bytes(database: &Path, sql: &str) -> Vec<u8> {
    first(database, sql).await
}

/// The number that a statement finds in its first row.
pub(crate) async fn number(database: &Path, sql: &str) -> i64 {
    first(database, sql).await
}

async fn first<T>(database: &Path, sql: &str) -> T
where
    T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + Send + Unpin,
{
    let mut connection = open(database).await;
    let found = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    found
}

async fn open(database: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(database);
    SqliteConnection::connect_with(&options).await.unwrap()
}
