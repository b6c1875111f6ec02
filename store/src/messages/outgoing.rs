//! Draining a chat: its unsent messages in order, and how each one went. Every write is fenced.

use switchyard_core::address::Identity;
use switchyard_core::message::MessageStatus;
use switchyard_core::reason::FailureCode;
use switchyard_core::{ChatId, MessageId, Timestamp};
use uuid::Uuid;

use crate::messages::row::{MessageRow, identity, tell_status};
use crate::messages::sql;
use crate::run::{fetch_all, fetch_optional};
use crate::{Error, Held, Lane, Result, Store};

/// A message that waits to be sent, or whose acknowledgement is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Its id.
    pub id: MessageId,
    /// The id that it has on WhatsApp, however often it goes out.
    pub wa_id: String,
    /// To whom.
    pub to: Identity,
    /// The words.
    pub text: String,
    /// Its place in the chat.
    pub position: i64,
    /// `queued` or `sending`.
    pub status: MessageStatus,
    /// It is given up then.
    pub expires_at: Timestamp,
    /// Whether WhatsApp is to be told of something that our people have read in this chat.
    pub has_untold_reads: bool,
}

/// The first unsent messages of a chat, in order. One whose deadline has passed is failed, not returned.
pub async fn queued(store: &Store, held: &Held, chat: ChatId, limit: u32) -> Result<Vec<Outgoing>> {
    let now = Timestamp::now();
    let unsent = unsent(store, held, chat, limit).await?;
    if unsent.iter().all(|message| message.expires_at > now) {
        return Ok(unsent);
    }
    expire(store, now, held, chat).await?;
    let mut unsent = self::unsent(store, held, chat, limit).await?;
    unsent.retain(|message| message.expires_at > now);
    Ok(unsent)
}

/// The message is given up. Does nothing where it was acknowledged already.
pub async fn mark_failed(
    store: &Store,
    now: Timestamp,
    held: &Held,
    message: MessageId,
    code: FailureCode,
) -> Result<()> {
    let input = (now, *held, message, code);
    store
        .write(Lane::Messages, input, |tx, (now, held, message, code)| {
            Box::pin(async move {
                held.check(tx).await?;
                let rows = fetch_all!(
                    tx,
                    MessageRow,
                    sql::FAILED,
                    held.business.uuid(),
                    held.session.uuid(),
                    message.uuid(),
                    code.code()
                )?;
                tell_status(tx, *now, rows)?;
                Ok(())
            })
        })
        .await
}

async fn expire(store: &Store, now: Timestamp, held: &Held, chat: ChatId) -> Result<u64> {
    store
        .write(
            Lane::Messages,
            (now, *held, chat),
            |tx, (now, held, chat)| {
                Box::pin(async move {
                    held.check(tx).await?;
                    let rows = fetch_all!(
                        tx,
                        MessageRow,
                        sql::EXPIRED,
                        held.business.uuid(),
                        chat.uuid(),
                        now.ms()
                    )?;
                    tell_status(tx, *now, rows)
                })
            },
        )
        .await
}

async fn unsent(store: &Store, held: &Held, chat: ChatId, limit: u32) -> Result<Vec<Outgoing>> {
    let mut conn = store.read().await?;
    let (business, session) = (held.business.uuid(), held.session.uuid());
    let rows = fetch_all!(
        conn,
        OutgoingRow,
        sql::UNSENT,
        business,
        session,
        chat.uuid(),
        i64::from(limit),
        held.epoch
    )?;
    // Nothing to send, or not ours any more?
    if rows.is_empty()
        && fetch_optional!(conn, (i64,), sql::HOLDS, session, business, held.epoch)?.is_none()
    {
        return Err(Error::Fenced);
    }
    rows.into_iter().map(OutgoingRow::into_outgoing).collect()
}

#[derive(sqlx::FromRow)]
struct OutgoingRow {
    id: Uuid,
    wa_id: String,
    text: Option<String>,
    position: i64,
    status: String,
    expires_at: Option<i64>,
    phone: Option<String>,
    lid: Option<String>,
    has_untold_reads: bool,
}

impl OutgoingRow {
    fn into_outgoing(self) -> Result<Outgoing> {
        let id = MessageId::from(self.id);
        let corrupt = |column| Error::Corrupt {
            table: "messages",
            column,
            id: id.to_string(),
        };
        Ok(Outgoing {
            id,
            wa_id: self.wa_id,
            to: identity(self.phone.as_deref(), self.lid.as_deref()),
            text: self.text.ok_or_else(|| corrupt("text"))?,
            position: self.position,
            status: MessageStatus::parse(&self.status).ok_or_else(|| corrupt("status"))?,
            expires_at: self
                .expires_at
                .map(Timestamp)
                .ok_or_else(|| corrupt("expires_at"))?,
            has_untold_reads: self.has_untold_reads,
        })
    }
}
