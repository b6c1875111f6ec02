//! Accepting a message: one transaction gives it its WhatsApp id and its place, and enqueues its sending.

use std::time::Duration;

use switchyard_core::address::{Identity, Lid, Phone};
use switchyard_core::event::EventType;
use switchyard_core::job::Job;
use switchyard_core::message::{Direction, MessageKind, MessageStatus, new_wa_id};
use switchyard_core::object::MessageObject;
use switchyard_core::{BusinessId, ChatId, MessageId, SessionId, Timestamp};
use uuid::Uuid;

use crate::contacts::identity::{Known, resolve};
use crate::messages::row::{MessageRow, identity, tell};
use crate::messages::{Accepted, Idempotency, NewMessage, gather, sql};
use crate::page::folded;
use crate::run::{execute, fetch_all, fetch_optional};
use crate::{Error, Lane, Result, Store, Tx, chats, jobs, quota};

/// Stores a message to be sent. Asking again with the same idempotency key and body changes nothing.
///
/// [`Error::SessionRequired`], [`Error::NoSuchSession`], [`Error::IdempotencyMismatch`], [`Error::QuotaExceeded`].
pub async fn accept(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    message: NewMessage,
) -> Result<Accepted> {
    if let Store::Postgres(postgres) = store {
        return gather::accept(store, postgres, now, business, message).await;
    }
    store
        .write(
            Lane::Messages,
            (now, business, message),
            |tx, (now, business, message)| Box::pin(accept_in(tx, *now, *business, message)),
        )
        .await
}

/// Stores a message within a transaction.
pub(super) async fn accept_in(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    new: &NewMessage,
) -> Result<Accepted> {
    let id = MessageId::generate();
    if let Some(idempotency) = &new.idempotency
        && let Some(earlier) = claim_key(tx, now, business, idempotency, id).await?
    {
        return Ok(Accepted::Replay(earlier));
    }
    let from = choose_session(tx, business, new).await?;
    let to = resolve(tx, now, business, Some(from.id), &new.to).await?;
    let (chat, position) = chats::row::take_place(tx, now, business, from.id, to.id, id).await?;
    let message = compose(now, new, id, &from, &to, (chat, position));
    insert(tx, business, &to, &message).await?;
    let job = Job::DrainChat {
        session: from.id,
        chat,
    };
    jobs::push(tx, now, Some(business), &job, now).await?;
    tell(tx, now, EventType::MessageStatus, business, &message)?;
    // Last, so that a limited business's messages wait for each other no longer than for their events.
    quota::count_message(tx, now, business).await?;
    Ok(Accepted::New(message))
}

/// Claims the key for this message; answers the earlier message when it was claimed before.
async fn claim_key(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    idempotency: &Idempotency,
    id: MessageId,
) -> Result<Option<MessageObject>> {
    let Idempotency {
        actor,
        key,
        body_sha256,
    } = idempotency;
    let claimed = execute!(
        tx,
        sql::CLAIM_KEY,
        business.uuid(),
        *actor,
        key.as_str(),
        body_sha256.as_slice(),
        id.uuid(),
        now.ms()
    )?;
    if claimed > 0 {
        return Ok(None);
    }
    let row = fetch_optional!(
        tx,
        (Vec<u8>, Uuid),
        sql::KEY,
        business.uuid(),
        *actor,
        key.as_str()
    )?;
    let (body, message) = row.ok_or(Error::Conflict("idempotency_key"))?;
    if body != body_sha256 {
        return Err(Error::IdempotencyMismatch);
    }
    fetch_optional!(tx, MessageRow, sql::GET, business.uuid(), message)?
        .ok_or(Error::Corrupt {
            table: "idempotency_keys",
            column: "message_id",
            id: message.to_string(),
        })?
        .into_object()
        .map(Some)
}

/// The number that sends.
struct Sender {
    id: SessionId,
    own: Identity,
}

type SenderRow = (Uuid, Option<String>, Option<String>);

fn sender((id, phone, lid): SenderRow) -> Sender {
    Sender {
        id: id.into(),
        own: identity(phone.as_deref(), lid.as_deref()),
    }
}

async fn choose_session(tx: &mut Tx, business: BusinessId, new: &NewMessage) -> Result<Sender> {
    if let Some(session) = new.session {
        let found = fetch_optional!(tx, SenderRow, sql::SESSION, business.uuid(), session.uuid())?;
        return found.map(sender).ok_or(Error::NoSuchSession);
    }
    let mut all = fetch_all!(tx, SenderRow, sql::SESSIONS, business.uuid())?;
    if all.len() > 1 {
        all = fetch_all!(
            tx,
            SenderRow,
            sql::SESSIONS_WITH_CHAT,
            business.uuid(),
            new.to.phone.as_ref().map(Phone::digits),
            new.to.lid.as_ref().map(Lid::digits)
        )?;
    }
    match (all.pop(), all.pop()) {
        (Some(only), None) => Ok(sender(only)),
        _ => Err(Error::SessionRequired),
    }
}

fn compose(
    now: Timestamp,
    new: &NewMessage,
    id: MessageId,
    from: &Sender,
    to: &Known,
    (chat, position): (ChatId, i64),
) -> MessageObject {
    let lifetime = Duration::from_secs(new.expires_in_s.into());
    MessageObject {
        id,
        session_id: from.id,
        chat_id: chat,
        wa_id: new_wa_id(),
        direction: Direction::Outbound,
        kind: MessageKind::Text,
        from: from.own.shown(),
        to: to.identity.shown(),
        text: Some(new.text.clone()),
        media: None,
        reply_to: None,
        status: MessageStatus::Queued,
        error: None,
        source: Some(new.source),
        position,
        expires_at: Some(now.plus(lifetime)),
        created_at: now,
        sent_at: None,
        delivered_at: None,
        read_at: None,
    }
}

async fn insert(
    tx: &mut Tx,
    business: BusinessId,
    to: &Known,
    message: &MessageObject,
) -> Result<()> {
    execute!(
        tx,
        sql::INSERT,
        message.id.uuid(),
        business.uuid(),
        message.session_id.uuid(),
        message.chat_id.uuid(),
        to.id.uuid(),
        "me",
        message.wa_id.as_str(),
        message.direction.name(),
        message.kind.name(),
        message.text.as_deref(),
        message.status.name(),
        message.source.map(switchyard_core::message::Source::name),
        message.position,
        message.expires_at.map(Timestamp::ms),
        message.created_at.ms(),
        None::<i64>,
        message.text.as_deref().and_then(folded)
    )?;
    Ok(())
}
