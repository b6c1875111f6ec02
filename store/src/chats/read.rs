//! Reading: what our people have read, what other devices of ours have read, and telling WhatsApp of it.

use switchyard_core::address::Identity;
use switchyard_core::event::EventType;
use switchyard_core::job::Job;
use switchyard_core::object::ChatObject;
use switchyard_core::{BusinessId, ChatId, SessionId, Timestamp};
use uuid::Uuid;

use crate::chats::row::ChatRow;
use crate::chats::sql;
use crate::messages::row::identity;
use crate::run::{execute, fetch_all, fetch_optional};
use crate::{Held, Lane, NewEvent, Result, Store, Tx, jobs};

/// A message that our people have read and WhatsApp does not know so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Its id on WhatsApp.
    pub wa_id: String,
    /// Who wrote it.
    pub from: Identity,
    /// Its place in the chat.
    pub position: i64,
}

/// Our people have read this chat. Its shard is asked to tell WhatsApp so.
pub async fn mark_read(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    chat: ChatId,
) -> Result<Option<ChatObject>> {
    store
        .of(business)
        .write(
            Lane::Rest,
            (now, business, chat),
            |tx, (now, business, chat)| Box::pin(mark_read_in(tx, *now, *business, *chat)),
        )
        .await
}

async fn mark_read_in(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    chat: ChatId,
) -> Result<Option<ChatObject>> {
    let (b, c) = (business.uuid(), chat.uuid());
    let Some((session, unread)) = fetch_optional!(tx, (Uuid, i64), sql::LOCK_BY_ID, b, c)? else {
        return Ok(None);
    };
    let read = execute!(tx, sql::READ_ALL, b, c, now.ms())?;
    if read > 0 || unread > 0 {
        execute!(tx, sql::NOTHING_UNREAD, b, c)?;
    }
    let object = object(tx, business, chat).await?;
    if let Some(object) = object.as_ref().filter(|_| read > 0 || unread > 0) {
        updated(tx, now, business, object)?;
        let job = Job::DrainChat {
            session: session.into(),
            chat,
        };
        jobs::push_last(tx, now, business, &job)?;
    }
    Ok(object)
}

/// What WhatsApp must still be told of, oldest first, at most 500.
pub async fn reads_to_send(store: &Store, held: &Held, chat: ChatId) -> Result<Vec<Unread>> {
    let mut conn = store.read().await?;
    let rows = fetch_all!(
        conn,
        (String, i64, Option<String>, Option<String>),
        sql::READS_TO_SEND,
        held.business.uuid(),
        chat.uuid()
    )?;
    Ok(rows
        .into_iter()
        .map(|(wa_id, position, phone, lid)| Unread {
            wa_id,
            from: identity(phone.as_deref(), lid.as_deref()),
            position,
        })
        .collect())
}

/// WhatsApp knows of everything read up to that place.
pub async fn reads_sent(store: &Store, held: &Held, chat: ChatId, up_to: i64) -> Result<()> {
    store
        .write(
            Lane::Rest,
            (*held, chat, up_to),
            |tx, (held, chat, up_to)| {
                Box::pin(async move {
                    held.check(tx).await?;
                    execute!(
                        tx,
                        sql::READS_SENT,
                        held.business.uuid(),
                        chat.uuid(),
                        *up_to
                    )?;
                    Ok(())
                })
            },
        )
        .await
}

/// Whether the person of this chat has ever written to us.
pub async fn is_answered(store: &Store, held: &Held, chat: ChatId) -> Result<bool> {
    let mut conn = store.read().await?;
    let found = fetch_optional!(
        conn,
        (Uuid,),
        sql::IS_ANSWERED,
        held.business.uuid(),
        chat.uuid()
    )?;
    Ok(found.is_some())
}

/// Another device of ours has read this message, and so all before it; WhatsApp knows. Nothing happens
/// where the message is not known.
pub(crate) async fn read_elsewhere(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    session: SessionId,
    wa_id: &str,
    at: Timestamp,
) -> Result<()> {
    let b = business.uuid();
    let place = fetch_optional!(tx, (Uuid, i64), sql::PLACE_OF, b, session.uuid(), wa_id)?;
    let Some((chat, position)) = place else {
        return Ok(());
    };
    fetch_optional!(tx, (Uuid, i64), sql::LOCK_BY_ID, b, chat)?;
    let read = execute!(tx, sql::READ_ELSEWHERE, b, chat, position, at.ms())?;
    if read == 0 {
        return Ok(());
    }
    execute!(tx, sql::RECOUNT_UNREAD, b, chat)?;
    if let Some(object) = object(tx, business, chat.into()).await? {
        updated(tx, now, business, &object)?;
    }
    Ok(())
}

async fn object(tx: &mut Tx, business: BusinessId, chat: ChatId) -> Result<Option<ChatObject>> {
    fetch_optional!(tx, ChatRow, sql::GET, business.uuid(), chat.uuid())?
        .map(ChatRow::into_object)
        .transpose()
}

fn updated(tx: &mut Tx, now: Timestamp, business: BusinessId, chat: &ChatObject) -> Result<()> {
    tx.event(NewEvent {
        business,
        session: Some(chat.session_id),
        kind: EventType::ChatUpdated,
        at: now,
        data: serde_json::to_value(chat)?,
    });
    Ok(())
}
