//! Messages: accepted once, drained in order, moved forward only.

use switchyard_core::address::Identity;
use switchyard_core::message::Source;
use switchyard_core::object::MessageObject;
use switchyard_core::{BusinessId, ChatId, MessageId, SessionId};
use uuid::Uuid;

use crate::run::{fetch_all, fetch_optional};
use crate::{Result, Store};

mod accept;
pub(crate) mod gather;
pub(crate) mod mark;
mod outgoing;
pub(crate) mod row;
pub(crate) mod sql;

pub use accept::accept;
pub(crate) use accept::{claim_key, named_by_key};
pub use mark::{mark_sending, mark_sent, mark_sent_and_next};
pub use outgoing::{Outgoing, mark_failed, queued};
pub(crate) use row::MessageRow;

/// A message that somebody asks to send.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Through this number; `None`: the only one there is, or the only one that has the chat.
    pub session: Option<SessionId>,
    /// To whom.
    pub to: Identity,
    /// The words, already checked.
    pub text: String,
    /// Who asks.
    pub source: Source,
    /// It is given up after so many seconds.
    pub expires_in_s: u32,
    /// What makes asking twice harmless.
    pub idempotency: Option<Idempotency>,
}

/// An `Idempotency-Key` and what it was sent with.
#[derive(Debug, Clone)]
pub struct Idempotency {
    /// The API key or user that sent it.
    pub actor: Uuid,
    /// The key.
    pub key: String,
    /// SHA-256 of the request's body.
    pub body_sha256: [u8; 32],
}

/// How an acceptance ended.
#[derive(Debug, Clone)]
pub enum Accepted {
    /// The message was stored and will be sent.
    New(MessageObject),
    /// The same request was accepted before; this is its message as it stands now.
    Replay(MessageObject),
}

/// One message of a business.
pub async fn get(
    store: &Store,
    business: BusinessId,
    id: MessageId,
) -> Result<Option<MessageObject>> {
    let mut conn = store.of(business).read().await?;
    fetch_optional!(conn, MessageRow, sql::GET, business.uuid(), id.uuid())?
        .map(MessageRow::into_object)
        .transpose()
}

/// The messages of a chat, newest first; with `before`, those whose position is lower.
pub async fn of_chat(
    store: &Store,
    business: BusinessId,
    chat: ChatId,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<MessageObject>> {
    let mut conn = store.of(business).read().await?;
    fetch_all!(
        conn,
        MessageRow,
        sql::OF_CHAT,
        business.uuid(),
        chat.uuid(),
        before.unwrap_or(i64::MAX),
        i64::from(limit)
    )?
    .into_iter()
    .map(MessageRow::into_object)
    .collect()
}
