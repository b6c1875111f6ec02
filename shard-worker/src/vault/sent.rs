//! Sent messages, kept for a while so that a recipient who cannot read one can ask for it again.

use std::time::Duration;

use store::vault::Write;
use switchyard_core::Timestamp;

use super::SessionVault;
use super::fault::Failure;
use super::rows::{delete, instant, taken_vec};
use super::space::Space;

/// The longest that one is kept; the client asks for it to go long before.
const LIFE: Duration = Duration::from_hours(7 * 24);

impl SessionVault {
    pub(super) async fn keep_sent(
        &self,
        chat: &str,
        id: &str,
        payload: &[u8],
    ) -> Result<(), Failure> {
        let key = self.name(Space::Sent, &[chat, id]);
        let row = self.row(Space::Sent, key, payload)?;
        let end = Timestamp::now().plus(LIFE);
        self.queue
            .post(vec![Write::Put(row.with_expiry(end))])
            .await
    }

    /// Takes one, once: whoever comes second while the first waits for its commit waits for its turn.
    pub(super) async fn take_sent(&self, chat: &str, id: &str) -> Result<Option<Vec<u8>>, Failure> {
        let _turn = self.turn().await;
        self.queue.settle().await?;
        let key = self.name(Space::Sent, &[chat, id]);
        let found = self.get(Space::Sent, &key, &[]).await?;
        if found.is_some() {
            self.commit(vec![delete(Space::Sent, key)]).await?;
        }
        Ok(found.map(taken_vec))
    }

    /// Deletes those stored before an instant in seconds; answers how many.
    pub(super) async fn forget_old_sent(&self, before: i64) -> Result<u32, Failure> {
        self.commit_counted(Write::DeleteBefore {
            space: Space::Sent.name(),
            before: instant(before).plus(LIFE),
        })
        .await
    }
}
