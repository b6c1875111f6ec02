//! Phone numbers and LIDs. They lie in a table of their own, by which contacts are resolved too.

use bytes::Bytes;
use store::vault::{Mapping, Write};
use wacore::store::traits::LidPnMappingEntry;

use super::SessionVault;
use super::fault::Failure;
use super::rows::{Turn, instant, parsed, written};
use super::space::Space;

impl SessionVault {
    pub(super) async fn mapping_of_lid(
        &self,
        lid: &str,
    ) -> Result<Option<LidPnMappingEntry>, Failure> {
        if let Some(known) = self.known_mapping(Space::Lid, lid).await? {
            return Ok(known);
        }
        let turn = self.turn().await;
        self.lid_in_turn(&turn, lid).await
    }

    /// What is cached of a phone number may be past: its LID may have another phone number by now.
    pub(super) async fn mapping_of_phone(
        &self,
        phone: &str,
    ) -> Result<Option<LidPnMappingEntry>, Failure> {
        if let Some(known) = self.known_mapping(Space::Phone, phone).await? {
            let Some(mapping) = known else {
                return Ok(None);
            };
            let current = self.mapping_of_lid(&mapping.lid).await?;
            if let Some(current) = current.filter(|it| it.phone_number == phone) {
                return Ok(Some(current));
            }
        }
        let turn = self.turn().await;
        self.phone_in_turn(&turn, phone).await
    }

    /// Answers after the commit: the client moves ratchets to the LID next.
    pub(super) async fn learn_mappings(
        &self,
        mappings: &[LidPnMappingEntry],
    ) -> Result<(), Failure> {
        if mappings.is_empty() {
            return Ok(());
        }
        let turn = self.turn().await;
        let mut writes = Vec::with_capacity(mappings.len());
        for mapping in mappings {
            self.hot.forget(Space::Lid, &mapping.lid).await;
            self.hot.forget(Space::Phone, &mapping.phone_number).await;
            writes.push(Write::Learn(self.stored(mapping)));
        }
        let ticket = self.queue.hand_over(writes).await?;
        for mapping in mappings {
            self.keep_mapping(Space::Lid, &mapping.lid, Some(mapping))
                .await?;
            self.keep_mapping(Space::Phone, &mapping.phone_number, Some(mapping))
                .await?;
        }
        drop(turn);
        ticket.committed().await.map(drop)
    }

    pub(super) async fn all_mappings(&self) -> Result<Vec<LidPnMappingEntry>, Failure> {
        self.queue.settle().await?;
        let all = self
            .standing
            .until_deadline(|| self.vault.mappings())
            .await?;
        Ok(all.into_iter().map(entry).collect())
    }

    /// What the cache knows, if it knows: a mapping, or that there is none.
    async fn known_mapping(
        &self,
        space: Space,
        id: &str,
    ) -> Result<Option<Option<LidPnMappingEntry>>, Failure> {
        let Some(known) = self.hot.get(space, id).await else {
            return Ok(None);
        };
        let mapping = known.map(|text| parsed(space, &text)).transpose()?;
        Ok(Some(mapping))
    }

    async fn lid_in_turn(
        &self,
        _turn: &Turn<'_>,
        lid: &str,
    ) -> Result<Option<LidPnMappingEntry>, Failure> {
        self.queue.settle().await?;
        let read = || self.vault.mapping_of_lid(lid);
        let found = self.standing.until_deadline(read).await?.map(entry);
        self.keep_mapping(Space::Lid, lid, found.as_ref()).await?;
        Ok(found)
    }

    async fn phone_in_turn(
        &self,
        _turn: &Turn<'_>,
        phone: &str,
    ) -> Result<Option<LidPnMappingEntry>, Failure> {
        self.queue.settle().await?;
        let read = || self.vault.mapping_of_phone(phone);
        let found = self.standing.until_deadline(read).await?.map(entry);
        self.keep_mapping(Space::Phone, phone, found.as_ref())
            .await?;
        Ok(found)
    }

    async fn keep_mapping(
        &self,
        space: Space,
        id: &str,
        mapping: Option<&LidPnMappingEntry>,
    ) -> Result<(), Failure> {
        let text = mapping.map(|it| written(space, it)).transpose()?;
        self.hot.put(space, id, text.map(Bytes::from)).await;
        Ok(())
    }

    /// The client counts seconds. The milliseconds below them order what was learned within one, as it came.
    fn stored(&self, mapping: &LidPnMappingEntry) -> Mapping {
        let came = self
            .learned
            .fetch_add(1, std::sync::atomic::Ordering::Relaxed)
            % 1_000;
        let within = std::time::Duration::from_millis(u64::from(came));
        Mapping {
            lid: mapping.lid.clone(),
            phone: mapping.phone_number.clone(),
            source: mapping.learning_source.clone(),
            created_at: instant(mapping.created_at),
            updated_at: instant(mapping.updated_at).plus(within),
        }
    }
}

fn entry(mapping: Mapping) -> LidPnMappingEntry {
    LidPnMappingEntry {
        lid: mapping.lid,
        phone_number: mapping.phone,
        created_at: mapping.created_at.ms().div_euclid(1_000),
        updated_at: mapping.updated_at.ms().div_euclid(1_000),
        learning_source: mapping.source,
    }
}
