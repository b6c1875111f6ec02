//! Phone numbers and LIDs: one row per LID with the mapping, one per phone number with the LID learned last.

use wacore::store::traits::LidPnMappingEntry;

use super::SessionVault;
use super::fault::Failure;
use super::rows::{Change, parsed, written};
use super::space::Space;

impl SessionVault {
    pub(super) async fn mapping_of_lid(
        &self,
        lid: &str,
    ) -> Result<Option<LidPnMappingEntry>, Failure> {
        let text = self.hot(Space::Lid, lid).await?;
        text.map(|text| parsed(Space::Lid, &text)).transpose()
    }

    /// The phone number's row may point to a LID that has another phone number by now: then it has none.
    pub(super) async fn mapping_of_phone(
        &self,
        phone: &str,
    ) -> Result<Option<LidPnMappingEntry>, Failure> {
        let Some(text) = self.hot(Space::Phone, phone).await? else {
            return Ok(None);
        };
        let lid: String = parsed(Space::Phone, &text)?;
        let mapping = self.mapping_of_lid(&lid).await?;
        Ok(mapping.filter(|it| it.phone_number == phone))
    }

    /// Answers after the commit: the client moves ratchets to the LID next.
    pub(super) async fn learn_mappings(
        &self,
        mappings: &[LidPnMappingEntry],
    ) -> Result<(), Failure> {
        if mappings.is_empty() {
            return Ok(());
        }
        let mut changes = Vec::with_capacity(mappings.len().saturating_mul(2));
        for mapping in mappings {
            changes.push(Change {
                space: Space::Lid,
                id: mapping.lid.clone(),
                text: Some(written(Space::Lid, mapping)?),
            });
            changes.push(Change {
                space: Space::Phone,
                id: mapping.phone_number.clone(),
                text: Some(written(Space::Phone, &mapping.lid)?),
            });
        }
        let turn = self.turn().await;
        let ticket = self.hand_over_hot(&turn, changes).await?;
        drop(turn);
        ticket.committed().await.map(drop)
    }

    pub(super) async fn all_mappings(&self) -> Result<Vec<LidPnMappingEntry>, Failure> {
        let found = self.scan(Space::Lid).await?;
        found
            .iter()
            .map(|row| parsed(Space::Lid, &row.text))
            .collect()
    }
}
