//! Inbound messages that are decrypted and not committed yet: a crash in between must not lose them, for the
//! ratchet that could decrypt them again has moved on.

use std::time::Duration;

use store::vault::Write;
use switchyard_core::Timestamp;
use tokio::sync::oneshot;
use wacore::store::traits::{PendingInboundKey, PendingInboundRow};

use super::SessionVault;
use super::fault::Failure;
use super::rows::{delete, instant, taken_vec};
use super::space::Space;
use crate::absent::Absent;

/// The longest that one is kept. The client asks for it to go after a week, when WhatsApp no longer delivers it.
const LIFE: Duration = Duration::from_hours(30 * 24);

impl SessionVault {
    pub(super) async fn keep_pending(&self, rows: &[PendingInboundRow<'_>]) -> Result<(), Failure> {
        let end = Timestamp::now().plus(LIFE);
        let writes = rows.iter().map(|row| {
            let key = self.pending_name(row.chat, row.sender, row.id);
            let row = self.row(Space::Pending, key, row.message)?;
            Ok(Write::Put(row.with_expiry(end)))
        });
        self.commit(writes.collect::<Result<_, Failure>>()?).await
    }

    pub(super) async fn pending(
        &self,
        chat: &str,
        sender: &str,
        id: &str,
    ) -> Result<Option<Vec<u8>>, Failure> {
        self.queue.settle().await?;
        let key = self.pending_name(chat, sender, id);
        let found = self.get(Space::Pending, &key, &[]).await?.map(taken_vec);
        if found.is_none() {
            self.known_or_refused(chat, sender, id).await?;
        }
        Ok(found)
    }

    /// The client asks for the copy of a message only when it came again. Without a copy it must be written down:
    /// otherwise the process died between decrypting it and keeping it, and it must not be acknowledged.
    async fn known_or_refused(&self, chat: &str, sender: &str, id: &str) -> Result<(), Failure> {
        let Some(asking) = self.absent.get() else {
            return Ok(());
        };
        let (known, answer) = oneshot::channel();
        let absent = Absent {
            chat: chat.to_owned(),
            sender: sender.to_owned(),
            id: id.to_owned(),
            known,
        };
        let asked = asking.send(absent).await;
        asked.map_err(|_nobody_answers| Failure::Closed)?;
        match answer.await {
            Ok(true) => Ok(()),
            _ => Err(Failure::NeverRecorded),
        }
    }

    /// Answers once it is queued: the messages are committed elsewhere, and one that stays is handed over again,
    /// which is harmless.
    pub(super) async fn forget_pending(
        &self,
        keys: &[PendingInboundKey<'_>],
    ) -> Result<(), Failure> {
        let writes = keys.iter().map(|key| {
            let name = self.pending_name(key.chat, key.sender, key.id);
            delete(Space::Pending, name)
        });
        self.queue.post(writes.collect()).await
    }

    pub(super) async fn forget_old_pending(&self, before: i64) -> Result<u32, Failure> {
        self.commit_counted(Write::DeleteBefore {
            space: Space::Pending.name(),
            before: instant(before).plus(LIFE),
        })
        .await
    }

    fn pending_name(&self, chat: &str, sender: &str, id: &str) -> Vec<u8> {
        self.name(Space::Pending, &[chat, sender, id])
    }
}
