//! Whether the master key is the one that this database was made with.

use subtle::ConstantTimeEq;

use super::MasterKey;
use super::sql::{FACT, INSERT_FACT};
use crate::run::{execute, fetch_optional};
use crate::{Error, Lane, Result, Store};

/// The fact about the database.
pub(crate) const FINGERPRINT: &str = "master_key_fingerprint";

/// Keeps the key's fingerprint at the first call for this database, and compares it at every other.
/// [`Error::WrongMasterKey`] when it differs: nothing sealed could be opened, and what would be sealed now
/// could not be opened later.
pub async fn ensure_fingerprint(store: &Store, master: &MasterKey) -> Result<()> {
    let ours = master.fingerprint();
    let kept = store
        .write(Lane::Rest, ours.clone(), |tx, ours| {
            Box::pin(async move {
                execute!(tx, INSERT_FACT, FINGERPRINT, ours.as_bytes())?;
                fetch_optional!(tx, (Vec<u8>,), FACT, FINGERPRINT)
            })
        })
        .await?;
    same(kept, &ours)
}

/// Compares the key's fingerprint with the one that [`ensure_fingerprint`] kept, for processes that only join.
/// [`Error::WrongMasterKey`] when it differs or none is kept.
pub async fn check_fingerprint(store: &Store, master: &MasterKey) -> Result<()> {
    let mut conn = store.read().await?;
    let kept = fetch_optional!(conn, (Vec<u8>,), FACT, FINGERPRINT)?;
    same(kept, &master.fingerprint())
}

pub(crate) fn same(kept: Option<(Vec<u8>,)>, ours: &str) -> Result<()> {
    match kept {
        Some((kept,)) if bool::from(kept.as_slice().ct_eq(ours.as_bytes())) => Ok(()),
        _ => Err(Error::WrongMasterKey),
    }
}
