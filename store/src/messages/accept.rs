//! Accepting messages: one transaction gives each its WhatsApp id and its place, and enqueues its sending.

use std::collections::HashMap;
use std::time::Duration;

use switchyard_core::address::{Identity, Lid, Phone};
use switchyard_core::event::EventType;
use switchyard_core::job::Job;
use switchyard_core::message::{Direction, MessageKind, MessageStatus, Source, new_wa_id};
use switchyard_core::object::MessageObject;
use switchyard_core::{BusinessId, ChatId, ContactId, MessageId, SessionId, Timestamp};
use uuid::Uuid;

use crate::contacts::identity::{Known, resolve};
use crate::messages::gather::{self, Asked};
use crate::messages::row::{MessageRow, identity, tell};
use crate::messages::{Accepted, Idempotency, NewMessage, sql};
use crate::page::folded;
use crate::run::{execute, fetch_all, fetch_optional, hex};
use crate::{Error, Result, Store, Tx, chats, jobs, quota};

/// Stores a message to be sent. Asking again with the same idempotency key and body changes nothing.
///
/// [`Error::SessionRequired`], [`Error::NoSuchSession`], [`Error::IdempotencyMismatch`], [`Error::QuotaExceeded`].
pub async fn accept(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    message: NewMessage,
) -> Result<Accepted> {
    gather::accept(store, now, business, message).await
}

/// Stores messages within a transaction. Whoever is refused here has changed nothing; any other error undoes all.
pub(super) async fn accept_all<'a>(
    tx: &mut Tx,
    business: BusinessId,
    asked: impl Iterator<Item = &'a Asked> + Send,
) -> Result<Vec<Result<Accepted>>> {
    let mut batch = Batch::new(business);
    let mut accepted = Vec::new();
    for (now, message, trace) in asked {
        tx.trace.clone_from(trace);
        accepted.push(match accept_one(tx, &mut batch, *now, message).await {
            Err(refused) if is_refused_alone(&refused) => Err(refused),
            outcome => Ok(outcome?),
        });
    }
    batch.insert(tx).await?;
    Ok(accepted)
}

/// Whether the rest of the transaction stands: nothing was written for this message but its key.
fn is_refused_alone(error: &Error) -> bool {
    matches!(
        error,
        Error::SessionRequired
            | Error::NoSuchSession
            | Error::IdempotencyMismatch
            | Error::QuotaExceeded(quota::STORAGE)
    )
}

async fn accept_one(
    tx: &mut Tx,
    batch: &mut Batch,
    now: Timestamp,
    new: &NewMessage,
) -> Result<Accepted> {
    let (id, business) = (MessageId::generate(), batch.business);
    if let Some(idempotency) = &new.idempotency
        && !claim_key(tx, now, business, idempotency, id.uuid()).await?
    {
        // The message of the other request may be one of these.
        batch.insert(tx).await?;
        return earlier(tx, business, idempotency)
            .await
            .map(Accepted::Replay);
    }
    let from = match batch.sender(tx, new).await.and_then(Sender::admitted) {
        Err(refused) if is_refused_alone(&refused) => {
            if let Some(Idempotency { actor, key, .. }) = &new.idempotency {
                execute!(tx, sql::UNCLAIM_KEY, business.uuid(), *actor, key.as_str())?;
            }
            return Err(refused);
        }
        from => from?,
    };
    let to = resolve(tx, now, business, Some(from.id), &new.to).await?;
    let place = chats::row::take_place(tx, now, business, from.id, to.id, id, &new.text).await?;
    let (chat, position) = place;
    let message = compose(now, new, id, &from, &to, (chat, position));
    batch.add(&message, to.id);
    let job = Job::DrainChat {
        session: from.id,
        chat,
    };
    jobs::push_last(tx, now, business, &job)?;
    tell(tx, now, EventType::MessageStatus, business, &message)?;
    // Last, so that a limited business's messages wait for each other no longer than for their events.
    if let Some(most) = from.messages_per_day {
        // The first message of a day counts the rows that are there, its own among them.
        batch.insert(tx).await?;
        quota::count_message(tx, now, business, most).await?;
    }
    Ok(Accepted::New(message))
}

/// Messages that are accepted together, and what is known of who sends them; good for one transaction.
struct Batch {
    business: BusinessId,
    senders: HashMap<SessionId, Sender>,
    rows: Vec<Row>,
}

/// Id, session, chat, contact, id at WhatsApp, text, folded text, source, position, deadline, instant.
type Row = (
    String,
    String,
    String,
    String,
    String,
    Option<String>,
    Option<String>,
    Option<&'static str>,
    i64,
    Option<i64>,
    i64,
);

impl Batch {
    fn new(business: BusinessId) -> Self {
        Self {
            business,
            senders: HashMap::new(),
            rows: Vec::new(),
        }
    }

    async fn sender(&mut self, tx: &mut Tx, new: &NewMessage) -> Result<Sender> {
        let Some(session) = new.session else {
            return choose_session(tx, self.business, &new.to).await;
        };
        if let Some(known) = self.senders.get(&session) {
            return Ok(known.clone());
        }
        let business = self.business.uuid();
        let found = fetch_optional!(tx, SenderRow, sql::SESSION, business, session.uuid())?;
        let found = found.map(sender).ok_or(Error::NoSuchSession)?;
        self.senders.insert(session, found.clone());
        Ok(found)
    }

    fn add(&mut self, message: &MessageObject, to: ContactId) {
        self.rows.push((
            hex(message.id.uuid()),
            hex(message.session_id.uuid()),
            hex(message.chat_id.uuid()),
            hex(to.uuid()),
            message.wa_id.clone(),
            message.text.clone(),
            message.text.as_deref().and_then(folded),
            message.source.map(Source::name),
            message.position,
            message.expires_at.map(Timestamp::ms),
            message.created_at.ms(),
        ));
    }

    /// Writes the rows that are not written yet.
    async fn insert(&mut self, tx: &mut Tx) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let rows = serde_json::to_string(&std::mem::take(&mut self.rows))?;
        execute!(tx, sql::ACCEPT, self.business.uuid(), rows.as_str())?;
        Ok(())
    }
}

/// Claims the key for this message, or whatever else it is to name; false when it was claimed before.
pub(crate) async fn claim_key(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    idempotency: &Idempotency,
    id: Uuid,
) -> Result<bool> {
    let claimed = execute!(
        tx,
        sql::CLAIM_KEY,
        business.uuid(),
        idempotency.actor,
        idempotency.key.as_str(),
        idempotency.body_sha256.as_slice(),
        id,
        now.ms()
    )?;
    Ok(claimed > 0)
}

/// The message for which the key was claimed before.
async fn earlier(
    tx: &mut Tx,
    business: BusinessId,
    idempotency: &Idempotency,
) -> Result<MessageObject> {
    let message = named_by_key(tx, business, idempotency).await?;
    fetch_optional!(tx, MessageRow, sql::GET, business.uuid(), message)?
        .ok_or(Error::Corrupt {
            table: "idempotency_keys",
            column: "message_id",
            id: message.to_string(),
        })?
        .into_object()
}

/// What the key names that was claimed before.
pub(crate) async fn named_by_key(
    tx: &mut Tx,
    business: BusinessId,
    idempotency: &Idempotency,
) -> Result<Uuid> {
    let row = fetch_optional!(
        tx,
        (Vec<u8>, Uuid),
        sql::KEY,
        business.uuid(),
        idempotency.actor,
        idempotency.key.as_str()
    )?;
    let (body, named) = row.ok_or(Error::Conflict("idempotency_key"))?;
    if body == idempotency.body_sha256 {
        Ok(named)
    } else {
        Err(Error::IdempotencyMismatch)
    }
}

/// The number that sends.
#[derive(Debug, Clone)]
struct Sender {
    id: SessionId,
    own: Identity,
    /// Of the business.
    messages_per_day: Option<i64>,
    /// Whether the business keeps all that it may.
    is_full: bool,
}

impl Sender {
    fn admitted(self) -> Result<Self> {
        if self.is_full {
            Err(Error::QuotaExceeded(quota::STORAGE))
        } else {
            Ok(self)
        }
    }
}

type SenderRow = (
    Uuid,
    Option<String>,
    Option<String>,
    Option<i64>,
    Option<bool>,
);

fn sender((id, phone, lid, messages_per_day, is_full): SenderRow) -> Sender {
    Sender {
        is_full: is_full.unwrap_or(false),
        id: id.into(),
        own: identity(phone.as_deref(), lid.as_deref()),
        messages_per_day,
    }
}

/// The only number of the business, or the only one that has a chat with this person.
async fn choose_session(tx: &mut Tx, business: BusinessId, to: &Identity) -> Result<Sender> {
    let mut all = fetch_all!(tx, SenderRow, sql::SESSIONS, business.uuid())?;
    if all.len() > 1 {
        all = fetch_all!(
            tx,
            SenderRow,
            sql::SESSIONS_WITH_CHAT,
            business.uuid(),
            to.phone.as_ref().map(Phone::digits),
            to.lid.as_ref().map(Lid::digits)
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
