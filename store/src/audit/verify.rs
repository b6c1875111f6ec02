//! Walks the chains of all businesses: an entry that was changed, taken out or put in does not fit.

use switchyard_core::BusinessId;
use uuid::Uuid;

use super::row::EntryRow;
use super::sql;
use crate::run::{fetch_all, fetch_optional};
use crate::{Result, Store};

/// Rows of one read.
const BATCH: i64 = 500;

/// What was found to be whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verified {
    /// Businesses with a chain.
    pub businesses: u64,
    /// Entries of all chains.
    pub entries: u64,
}

/// Where a chain does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the audit log of {business} was changed at entry {seq}")]
pub struct Broken {
    /// Whose chain.
    pub business: BusinessId,
    /// The first entry that does not fit, or that is missing.
    pub seq: i64,
}

/// Checks every chain; the inner error is the first place that does not fit.
pub async fn verify(store: &Store) -> Result<std::result::Result<Verified, Broken>> {
    let mut verified = Verified::default();
    let mut after = Uuid::nil();
    loop {
        let mut conn = store.read().await?;
        let heads = fetch_all!(conn, (Uuid, i64, Vec<u8>), sql::HEADS, after, BATCH)?;
        drop(conn);
        if heads.is_empty() {
            break;
        }
        for (business, seq, hash) in heads {
            after = business;
            if let Some(broken) = walk(store, business, seq, &hash).await? {
                return Ok(Err(broken));
            }
            verified.businesses = verified.businesses.saturating_add(1);
            let entries = u64::try_from(seq).unwrap_or_default();
            verified.entries = verified.entries.saturating_add(entries);
        }
    }
    let mut conn = store.read().await?;
    let headless = fetch_optional!(conn, (Uuid,), sql::HEADLESS)?;
    Ok(headless.map_or(Ok(verified), |(business,)| {
        Err(Broken {
            business: business.into(),
            seq: 1,
        })
    }))
}

/// The first entry of a chain that does not fit, up to the head that was read before it. Entries that were added
/// since belong to a later check.
async fn walk(store: &Store, business: Uuid, head: i64, hash: &[u8]) -> Result<Option<Broken>> {
    let broken = |seq| {
        let business = business.into();
        Ok(Some(Broken { business, seq }))
    };
    let (mut seq, mut before) = (0_i64, Vec::new());
    while seq < head {
        let mut conn = store.read().await?;
        let rows = fetch_all!(conn, EntryRow, sql::CHAIN, business, seq, BATCH)?;
        if rows.is_empty() {
            return broken(seq.saturating_add(1));
        }
        for row in rows.iter().take_while(|row| row.seq <= head) {
            let expected = seq.saturating_add(1);
            if row.seq != expected || row.link().hash(&before).as_slice() != row.hash {
                return broken(expected);
            }
            seq = row.seq;
            before.clone_from(&row.hash);
        }
        if rows.first().is_some_and(|row| row.seq > head) {
            return broken(seq.saturating_add(1));
        }
    }
    if before == hash {
        Ok(None)
    } else {
        broken(head)
    }
}
