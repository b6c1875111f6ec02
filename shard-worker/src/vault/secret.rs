//! Message secrets: what opens later reactions, votes and edits of a message.

use async_trait::async_trait;
use store::vault::{Found, Write};
use wacore::store::error::Result;
use wacore::store::traits::{MsgSecretEntry, MsgSecretStore};

use super::SessionVault;
use super::fault::Failure;
use super::rows::{instant, taken_vec};
use super::space::Space;

#[async_trait]
impl MsgSecretStore for SessionVault {
    /// The row keeps the later of two deadlines and of two times of the message, whichever comes second.
    async fn put_msg_secrets(&self, entries: Vec<MsgSecretEntry>) -> Result<usize> {
        let stored = entries.len();
        let writes = entries.into_iter().map(|entry| {
            let key = self.secret_name(&entry.chat, &entry.sender, &entry.msg_id);
            let row = self.row(Space::MsgSecret, key, &entry.secret)?;
            let row = row.with_n(entry.message_ts);
            // A deadline of 0 is none.
            Ok(Write::Merge(if entry.expires_at == 0 {
                row
            } else {
                row.with_expiry(instant(entry.expires_at))
            }))
        });
        let writes: Vec<Write> = writes.collect::<std::result::Result<_, Failure>>()?;
        if !writes.is_empty() {
            self.queue.post(writes).await?;
        }
        Ok(stored)
    }

    async fn get_msg_secret(
        &self,
        chat: &str,
        sender: &str,
        msg_id: &str,
    ) -> Result<Option<Vec<u8>>> {
        Ok(self.secret(chat, sender, msg_id).await?.map(taken_vec))
    }

    async fn get_msg_secret_with_ts(
        &self,
        chat: &str,
        sender: &str,
        msg_id: &str,
    ) -> Result<Option<(Vec<u8>, i64)>> {
        let found = self.secret(chat, sender, msg_id).await?;
        Ok(found.map(|row| {
            let at = row.n.unwrap_or(0);
            (taken_vec(row), at)
        }))
    }

    async fn delete_expired_msg_secrets(&self, cutoff_timestamp: i64) -> Result<u32> {
        let write = Write::DeleteBefore {
            space: Space::MsgSecret.name(),
            before: instant(cutoff_timestamp.saturating_add(1)),
        };
        Ok(self.commit_counted(write).await?)
    }
}

impl SessionVault {
    async fn secret(
        &self,
        chat: &str,
        sender: &str,
        id: &str,
    ) -> std::result::Result<Option<Found>, Failure> {
        self.queue.settle().await?;
        let key = self.secret_name(chat, sender, id);
        self.get(Space::MsgSecret, &key, &[]).await
    }

    fn secret_name(&self, chat: &str, sender: &str, id: &str) -> Vec<u8> {
        self.name(Space::MsgSecret, &[chat, sender, id])
    }
}
