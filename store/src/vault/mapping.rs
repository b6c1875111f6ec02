//! Which LID is whose phone number, as one session learned it. Not sealed: contacts are resolved by it, in SQL.

use switchyard_core::Timestamp;

use super::Vault;
use crate::Result;
use crate::run::{fetch_all, fetch_optional};
use crate::statement::statements;

/// Mappings fetched at once when all are read.
const PAGE: i64 = 1_000;

statements! {
    /// Inserts or replaces: SQLite one mapping, Postgres as many as the arrays hold, no LID twice.
    LEARN: across_tenants = {
        sqlite: "insert into lid_map (session_id, lid, phone, source, created_at, updated_at)
                 values ($1, $2, $3, $4, $5, $6)
                 on conflict (session_id, lid) do update
                 set phone = excluded.phone, source = excluded.source,
                     created_at = excluded.created_at, updated_at = excluded.updated_at",
        postgres: "insert into lid_map (session_id, lid, phone, source, created_at, updated_at)
                   select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[])
                   on conflict (session_id, lid) do update
                   set phone = excluded.phone, source = excluded.source,
                       created_at = excluded.created_at, updated_at = excluded.updated_at",
    };
    /// The mapping of a LID.
    OF_LID: across_tenants =
        "select lid, phone, source, created_at, updated_at from lid_map where session_id = $1 and lid = $2";
    /// The mapping of a phone number that was learned last.
    OF_PHONE: across_tenants =
        "select lid, phone, source, created_at, updated_at from lid_map where session_id = $1 and phone = $2
         order by updated_at desc limit 1";
    /// A page of all mappings, after a LID.
    MAPPINGS: across_tenants =
        "select lid, phone, source, created_at, updated_at from lid_map where session_id = $1 and lid > $2
         order by lid limit $3";
}

/// A LID and its phone number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// The LID, without server.
    pub lid: String,
    /// The phone number, digits.
    pub phone: String,
    /// Where it was learned, in the client's word.
    pub source: String,
    /// When it was learned first.
    pub created_at: Timestamp,
    /// When it was learned last; of several LIDs of a phone number the latest counts.
    pub updated_at: Timestamp,
}

/// lid, phone, source, created_at, updated_at.
type Columns = (String, String, String, i64, i64);

impl From<Columns> for Mapping {
    fn from((lid, phone, source, created_at, updated_at): Columns) -> Self {
        Self {
            lid,
            phone,
            source,
            created_at: Timestamp(created_at),
            updated_at: Timestamp(updated_at),
        }
    }
}

impl Vault {
    /// The mapping of a LID.
    pub async fn mapping_of_lid(&self, lid: &str) -> Result<Option<Mapping>> {
        let mut conn = self.store.read().await?;
        let session = self.held.session.uuid();
        let found = fetch_optional!(conn, Columns, OF_LID, session, lid)?;
        Ok(found.map(Mapping::from))
    }

    /// The mapping of a phone number that was learned last.
    pub async fn mapping_of_phone(&self, phone: &str) -> Result<Option<Mapping>> {
        let mut conn = self.store.read().await?;
        let session = self.held.session.uuid();
        let found = fetch_optional!(conn, Columns, OF_PHONE, session, phone)?;
        Ok(found.map(Mapping::from))
    }

    /// All mappings, by LID.
    pub async fn mappings(&self) -> Result<Vec<Mapping>> {
        let session = self.held.session.uuid();
        let mut all: Vec<Mapping> = Vec::new();
        loop {
            let mut conn = self.store.read().await?;
            let after = all.last().map_or("", |last| last.lid.as_str());
            let page = fetch_all!(conn, Columns, MAPPINGS, session, after, PAGE)?;
            drop(conn);
            let full = i64::try_from(page.len()).is_ok_and(|rows| rows == PAGE);
            all.extend(page.into_iter().map(Mapping::from));
            if !full {
                return Ok(all);
            }
        }
    }
}
