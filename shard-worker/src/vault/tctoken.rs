//! Trusted contact tokens. What we were given and when we last gave ours are two writers' halves of one row, so each
//! change reads in its turn and leaves the other half alone.

use wacore::store::traits::TcTokenEntry;

use super::SessionVault;
use super::fault::Failure;
use super::rows::{Change, Turn, delete, parsed, written};
use super::space::Space;

/// Whose token it is, and the token: the client lists the former.
type Kept = (String, TcTokenEntry);

impl SessionVault {
    pub(super) async fn token(&self, jid: &str) -> Result<Option<TcTokenEntry>, Failure> {
        entry(self.hot(Space::TcToken, jid).await?.as_deref())
    }

    pub(super) async fn write_token(&self, jid: &str, entry: &TcTokenEntry) -> Result<(), Failure> {
        let turn = self.turn().await;
        self.put_token(&turn, jid, entry).await
    }

    pub(super) async fn forget_token(&self, jid: &str) -> Result<(), Failure> {
        let change = Change {
            space: Space::TcToken,
            id: jid.to_owned(),
            text: None,
        };
        let turn = self.turn().await;
        self.post_hot(&turn, vec![change]).await
    }

    pub(super) async fn token_jids(&self) -> Result<Vec<String>, Failure> {
        let all = self.all_tokens().await?;
        Ok(all.into_iter().map(|(jid, _)| jid).collect())
    }

    /// Deletes those of which neither half is young enough; answers how many.
    pub(super) async fn forget_old_tokens(
        &self,
        token_cutoff: i64,
        sender_cutoff: i64,
    ) -> Result<u32, Failure> {
        let turn = self.turn().await;
        let mut writes = Vec::new();
        for (jid, entry) in self.all_tokens().await? {
            let received = !entry.token.is_empty() && entry.token_timestamp >= token_cutoff;
            let given = entry.sender_timestamp.is_some_and(|at| at >= sender_cutoff);
            if !received && !given {
                self.hot.forget(Space::TcToken, &jid).await;
                writes.push(delete(Space::TcToken, self.name(Space::TcToken, &[&jid])));
            }
        }
        if writes.is_empty() {
            return Ok(0);
        }
        let gone = writes.len();
        let ticket = self.queue.hand_over(writes).await?;
        drop(turn);
        ticket.committed().await?;
        Ok(u32::try_from(gone).unwrap_or(u32::MAX))
    }

    /// We gave ours at `given_at`: only ever later.
    pub(super) async fn token_given(&self, jid: &str, given_at: i64) -> Result<(), Failure> {
        let turn = self.turn().await;
        let known = self.known_token(&turn, jid).await?;
        let entry = match known {
            Some(known) => TcTokenEntry {
                sender_timestamp: known.sender_timestamp.max(Some(given_at)),
                ..known
            },
            None => TcTokenEntry {
                token: Vec::new(),
                token_timestamp: given_at,
                sender_timestamp: Some(given_at),
            },
        };
        self.put_token(&turn, jid, &entry).await
    }

    /// We were given one at `received_at`: an older one does not replace a newer.
    pub(super) async fn token_received(
        &self,
        jid: &str,
        token: &[u8],
        received_at: i64,
    ) -> Result<(), Failure> {
        let turn = self.turn().await;
        let known = self.known_token(&turn, jid).await?;
        if let Some(known) = &known
            && !known.token.is_empty()
            && received_at < known.token_timestamp
        {
            return Ok(());
        }
        let entry = TcTokenEntry {
            token: token.to_vec(),
            token_timestamp: received_at,
            sender_timestamp: known.and_then(|it| it.sender_timestamp),
        };
        self.put_token(&turn, jid, &entry).await
    }

    async fn known_token(
        &self,
        turn: &Turn<'_>,
        jid: &str,
    ) -> Result<Option<TcTokenEntry>, Failure> {
        let text = self.hot_in_turn(turn, Space::TcToken, jid).await?;
        entry(text.as_deref())
    }

    async fn put_token(
        &self,
        turn: &Turn<'_>,
        jid: &str,
        entry: &TcTokenEntry,
    ) -> Result<(), Failure> {
        let change = Change {
            space: Space::TcToken,
            id: jid.to_owned(),
            text: Some(written(Space::TcToken, &(jid, entry))?),
        };
        self.post_hot(turn, vec![change]).await
    }

    async fn all_tokens(&self) -> Result<Vec<Kept>, Failure> {
        self.queue.settle().await?;
        let found = self.scan(Space::TcToken).await?;
        found
            .iter()
            .map(|row| parsed(Space::TcToken, &row.text))
            .collect()
    }
}

fn entry(text: Option<&[u8]>) -> Result<Option<TcTokenEntry>, Failure> {
    let kept: Option<Kept> = text.map(|text| parsed(Space::TcToken, text)).transpose()?;
    Ok(kept.map(|(_, entry)| entry))
}
