//! Reading the vault. Absence is only what the database says is absent: every other failure is an error.

use switchyard_core::Timestamp;

use super::row::Found;
use super::{Vault, sql};
use crate::run::{answered, fetch_all, fetch_optional};
use crate::seal::Place;
use crate::{Engine, Result};

/// Rows fetched at once when a whole space is read.
const PAGE: i64 = 1_000;

/// key, sub, n, expires_at, sealed.
type Sealed = (Vec<u8>, Vec<u8>, Option<i64>, Option<i64>, Vec<u8>);

impl Vault {
    /// One row.
    pub async fn get(&self, space: &'static str, key: &[u8], sub: &[u8]) -> Result<Option<Found>> {
        let mut conn = self.store.read().await?;
        let session = self.held.session.uuid();
        let found = fetch_optional!(conn, Sealed, sql::GET, session, space, key, sub)?;
        found.map(|row| self.unseal(space, row)).transpose()
    }

    /// Those of these keys that are there, in no order.
    pub async fn get_many(
        &self,
        space: &'static str,
        keys: &[Vec<u8>],
        sub: &[u8],
    ) -> Result<Vec<Found>> {
        let mut conn = self.store.read().await?;
        let session = self.held.session.uuid();
        let patience = conn.patience();
        let found: Vec<Sealed> = match conn.engine() {
            Engine::Sqlite(connection) => {
                let mut found = Vec::with_capacity(keys.len());
                for key in keys {
                    let row = sqlx::query_as(sql::GET_MANY.sqlite)
                        .bind(session)
                        .bind(space)
                        .bind(key)
                        .bind(sub)
                        .fetch_optional(&mut *connection)
                        .await?;
                    found.extend(row);
                }
                found
            }
            Engine::Postgres(connection) => {
                let found = sqlx::query_as(sql::GET_MANY.postgres)
                    .bind(session)
                    .bind(space)
                    .bind(keys)
                    .bind(sub)
                    .fetch_all(connection);
                answered(patience, found).await?
            }
        };
        self.unseal_all(space, found)
    }

    /// The rows of a `sub`, whatever their key; the largest number first.
    pub async fn of_sub(&self, space: &'static str, sub: &[u8]) -> Result<Vec<Found>> {
        let mut conn = self.store.read().await?;
        let session = self.held.session.uuid();
        let found = fetch_all!(conn, Sealed, sql::OF_SUB, session, space, sub)?;
        self.unseal_all(space, found)
    }

    /// Whether a row of the `sub` is there.
    pub async fn has_sub(&self, space: &'static str, sub: &[u8]) -> Result<bool> {
        let mut conn = self.store.read().await?;
        let session = self.held.session.uuid();
        let found = fetch_optional!(conn, (i32,), sql::HAS_SUB, session, space, sub)?;
        Ok(found.is_some())
    }

    /// All rows of a space, by key.
    pub async fn scan(&self, space: &'static str) -> Result<Vec<Found>> {
        let session = self.held.session.uuid();
        let (mut key, mut sub) = (Vec::new(), Vec::new());
        let mut all = Vec::new();
        loop {
            let mut conn = self.store.read().await?;
            let page = fetch_all!(
                conn,
                Sealed,
                sql::PAGE,
                session,
                space,
                key.as_slice(),
                sub.as_slice(),
                PAGE
            )?;
            drop(conn);
            let full = i64::try_from(page.len()).is_ok_and(|rows| rows == PAGE);
            if let Some(last) = page.last() {
                (key, sub) = (last.0.clone(), last.1.clone());
            }
            all.append(&mut self.unseal_all(space, page)?);
            if !full {
                return Ok(all);
            }
        }
    }

    /// The largest number of a space.
    pub async fn highest(&self, space: &'static str) -> Result<Option<i64>> {
        let mut conn = self.store.read().await?;
        let session = self.held.session.uuid();
        let found = fetch_optional!(conn, (Option<i64>,), sql::HIGHEST, session, space)?;
        Ok(found.and_then(|(highest,)| highest))
    }

    fn unseal_all(&self, space: &'static str, rows: Vec<Sealed>) -> Result<Vec<Found>> {
        rows.into_iter()
            .map(|row| self.unseal(space, row))
            .collect()
    }

    fn unseal(&self, space: &'static str, row: Sealed) -> Result<Found> {
        let (key, sub, n, expires_at, sealed) = row;
        let place = Place {
            owner: self.held.session.uuid(),
            space,
            key: &key,
            sub: &sub,
        };
        let text = self.key.open(place, &sealed)?;
        Ok(Found {
            key,
            sub,
            n,
            expires_at: expires_at.map(Timestamp),
            text,
        })
    }
}
