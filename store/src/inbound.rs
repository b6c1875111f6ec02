//! Inbound messages: recorded once, whatever arrives how often and under which identity.

use std::time::Duration;

use switchyard_core::address::{Identity, Lid, Phone};
use switchyard_core::event::EventType;
use switchyard_core::job::Job;
use switchyard_core::message::{Direction, MessageKind, MessageStatus, Source};
use switchyard_core::{BusinessId, ChatId, MessageId, Timestamp};
use uuid::Uuid;

use crate::contacts::identity::{Known, resolve};
use crate::messages::row::tell;
use crate::messages::{self, MessageRow};
use crate::page::folded;
use crate::run::{execute, fetch_optional};
use crate::{Error, Held, Lane, Result, Store, Tx, chats, contacts, jobs, quota};

pub(crate) mod sql;

/// A message of ours to which somebody replies has mostly a receipt under way: for so long it is left to come. Who writes
/// a lot is then asked about once in a while, and not for every message.
const OWN_RECEIPT: Duration = Duration::from_secs(5);

/// A message as it arrived.
#[derive(Debug, Clone)]
pub struct Inbound {
    /// The person whose chat it belongs to.
    pub peer: Identity,
    /// Written on the phone of this number, or on another device of it.
    pub from_me: bool,
    /// Its id on WhatsApp.
    pub wa_id: String,
    /// When it was sent, by WhatsApp's clock.
    pub at: Timestamp,
    /// The name that the person goes by.
    pub push_name: Option<String>,
    /// What it holds.
    pub content: Content,
}

/// What a message holds. `Debug` shows no word of it.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// Words.
    Text(String),
    /// It could not be decrypted yet.
    Waiting,
    /// Something that this version does not show.
    Unsupported,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind().name())
    }
}

impl Content {
    fn kind(&self) -> MessageKind {
        match self {
            Self::Text(_) => MessageKind::Text,
            Self::Waiting => MessageKind::Waiting,
            Self::Unsupported => MessageKind::Unsupported,
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Waiting | Self::Unsupported => None,
        }
    }
}

/// What became of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It is a row now.
    New,
    /// It was one already.
    Duplicate,
    /// It filled the row that waited for it.
    Replaced,
}

/// Whether this session has a message of that id, with its content, of this person or of ours to this person.
pub async fn is_known(
    store: &Store,
    held: &Held,
    peer: &Identity,
    from_me: bool,
    wa_id: &str,
) -> Result<bool> {
    let mut conn = store.read().await?;
    let direction = if from_me {
        Direction::Outbound
    } else {
        Direction::Inbound
    };
    let known = fetch_optional!(
        conn,
        (Uuid,),
        sql::KNOWN,
        held.business.uuid(),
        held.session.uuid(),
        wa_id,
        direction.name(),
        peer.phone.as_ref().map(Phone::digits),
        peer.lid.as_ref().map(Lid::digits)
    )?;
    Ok(known.is_some())
}

/// Records messages in one transaction, with their events and what follows from them.
pub async fn record(
    store: &Store,
    now: Timestamp,
    held: &Held,
    messages: Vec<Inbound>,
) -> Result<Vec<Recorded>> {
    let recorded = store
        .write(
            Lane::Messages,
            (now, *held, messages),
            |tx, (now, held, messages)| {
                Box::pin(async move {
                    held.check(tx).await?;
                    let mut recorded = Vec::with_capacity(messages.len());
                    for message in messages {
                        recorded.push(record_one(tx, *now, held, message).await?);
                    }
                    Ok(recorded)
                })
            },
        )
        .await?;
    let duplicates = recorded.iter().filter(|it| **it == Recorded::Duplicate);
    let duplicates = u64::try_from(duplicates.count()).unwrap_or(u64::MAX);
    store.metrics().duplicates.inc_by(duplicates);
    Ok(recorded)
}

async fn record_one(
    tx: &mut Tx,
    now: Timestamp,
    held: &Held,
    message: &Inbound,
) -> Result<Recorded> {
    let peer = resolve(tx, now, held.business, Some(held.session), &message.peer).await?;
    note_name(tx, now, held.business, &peer, message).await?;
    let chat = fetch_optional!(
        tx,
        (Uuid, i64),
        chats::sql::LOCK,
        ChatId::generate().uuid(),
        held.business.uuid(),
        held.session.uuid(),
        peer.id.uuid(),
        now.ms()
    )?;
    let (chat, last_position) = chat.ok_or(Error::Conflict("chat"))?;
    let sender = if message.from_me {
        "me".to_owned()
    } else {
        peer.id.uuid().to_string()
    };
    let twin = fetch_optional!(
        tx,
        (Uuid, String),
        sql::TWIN,
        held.business.uuid(),
        held.session.uuid(),
        message.wa_id.as_str(),
        chat,
        sender.as_str()
    )?;
    if let Some((id, kind)) = twin {
        let fills = kind == MessageKind::Waiting.name() && message.content != Content::Waiting;
        if !fills {
            return Ok(Recorded::Duplicate);
        }
        return fill(tx, now, held.business, (chat, id), message).await;
    }
    let position = last_position.saturating_add(1);
    let id = MessageId::generate();
    let row = insert(tx, now, held, message, (id, chat, position), &peer, &sender).await?;
    execute!(
        tx,
        chats::sql::ARRIVED,
        held.business.uuid(),
        chat,
        i64::from(!message.from_me),
        position,
        id.uuid(),
        now.ms(),
        quota::bytes(message.content.text())
    )?;
    if !message.from_me {
        set_going(tx, now, held, chat, position).await?;
    }
    announce(tx, now, held.business, row, message)?;
    Ok(Recorded::New)
}

/// The name that a person goes by may have changed.
async fn note_name(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    peer: &Known,
    message: &Inbound,
) -> Result<()> {
    let name = message.push_name.as_deref();
    if name.is_some() && !message.from_me && name != peer.push_name.as_deref() {
        execute!(
            tx,
            contacts::sql::PUSH_NAME,
            business.uuid(),
            peer.id.uuid(),
            name,
            now.ms(),
            name.and_then(folded)
        )?;
    }
    Ok(())
}

async fn insert(
    tx: &mut Tx,
    now: Timestamp,
    held: &Held,
    message: &Inbound,
    (id, chat, position): (MessageId, Uuid, i64),
    peer: &Known,
    sender: &str,
) -> Result<Option<MessageRow>> {
    let (direction, status) = if message.from_me {
        (Direction::Outbound, MessageStatus::Sent)
    } else {
        (Direction::Inbound, MessageStatus::Received)
    };
    tx.changed(1);
    fetch_optional!(
        tx,
        MessageRow,
        messages::sql::INSERT,
        id.uuid(),
        held.business.uuid(),
        held.session.uuid(),
        chat,
        peer.id.uuid(),
        sender,
        message.wa_id.as_str(),
        direction.name(),
        message.content.kind().name(),
        message.content.text(),
        status.name(),
        message.from_me.then(|| Source::Phone.name()),
        position,
        None::<i64>,
        now.ms(),
        message.at.ms(),
        message.content.text().and_then(folded)
    )
}

/// The row that waited gets the first real content.
async fn fill(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    (chat, id): (Uuid, Uuid),
    message: &Inbound,
) -> Result<Recorded> {
    tx.changed(1);
    let row = fetch_optional!(
        tx,
        MessageRow,
        sql::FILL,
        business.uuid(),
        id,
        message.content.kind().name(),
        message.content.text(),
        message.content.text().and_then(folded)
    )?;
    let bytes = quota::bytes(message.content.text());
    execute!(tx, chats::sql::FILLED, business.uuid(), chat, bytes)?;
    announce(tx, now, business, row, message)?;
    Ok(Recorded::Replaced)
}

/// A reply implies that what we sent before it has arrived. And what was held back while the person had never written
/// may go now; what only waits its turn is drained anyway.
async fn set_going(
    tx: &mut Tx,
    now: Timestamp,
    held: &Held,
    chat: Uuid,
    position: i64,
) -> Result<()> {
    let (business, session) = (held.business, held.session);
    let (undelivered, held_back) = fetch_optional!(
        tx,
        (bool, bool),
        sql::WAITING,
        business.uuid(),
        session.uuid(),
        chat,
        position
    )?
    .unwrap_or_default();
    let chat = chat.into();
    if undelivered {
        let (sync, at) = (Job::SyncReceipts { chat }, now.plus(OWN_RECEIPT));
        jobs::push_last_at(tx, now, business, &sync, at)?;
    }
    if held_back {
        jobs::push_last(tx, now, business, &Job::DrainChat { session, chat })?;
    }
    Ok(())
}

fn announce(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    row: Option<MessageRow>,
    message: &Inbound,
) -> Result<()> {
    let kind = match (&message.content, message.from_me) {
        (Content::Waiting, _) => EventType::MessageWaiting,
        (_, true) => EventType::MessageStatus,
        (_, false) => EventType::MessageReceived,
    };
    if let Some(row) = row {
        tell(tx, now, kind, business, &row.into_object()?)?;
    }
    Ok(())
}
