//! Rows that are found by a number: pre-keys. They are read from the database each time; a session's eight hundred
//! would be half of its memory.

use store::vault::{Found, Write};

use super::SessionVault;
use super::fault::Failure;
use super::space::Space;

impl SessionVault {
    pub(super) fn put_numbered(
        &self,
        space: Space,
        id: u32,
        text: &[u8],
    ) -> Result<Write, Failure> {
        let row = self.row(space, id.to_be_bytes().to_vec(), text)?;
        Ok(Write::Put(row.with_n(i64::from(id))))
    }

    pub(super) async fn numbered(&self, space: Space, id: u32) -> Result<Option<Found>, Failure> {
        self.get(space, &id.to_be_bytes(), &[]).await
    }
}

/// The number of a row that [`SessionVault::put_numbered`] made.
pub(super) fn number_of(row: &Found) -> Result<u32, Failure> {
    let bytes = row.key.as_slice().try_into();
    bytes
        .map(u32::from_be_bytes)
        .map_err(|_other_length| Failure::NotOfItsKind("prekey"))
}
