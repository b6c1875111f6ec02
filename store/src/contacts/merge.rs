//! Making two contacts one: their chats of each session become one, in order, each message once.

use std::time::Duration;

use switchyard_core::event::EventType;
use switchyard_core::job::Job;
use switchyard_core::{BusinessId, ChatId, ContactId, SessionId, Timestamp};
use uuid::Uuid;

use crate::contacts::{get_in, sql};
use crate::run::{execute, fetch_all, fetch_optional};
use crate::{NewEvent, Result, Tx, jobs};

/// How long one statement over all messages of a chat may take: what never ends would keep its session away for ever.
const REWRITTEN: Duration = Duration::from_mins(5);

/// What became of a chat of one of the two.
pub(super) struct Folded {
    session: SessionId,
    /// The chat that stays.
    chat: ChatId,
    /// The one that went into it.
    gone: Option<ChatId>,
}

/// Gives everything of `gone` to `kept` and deletes `gone`. The identity is set by the caller, then told.
pub(super) async fn merge(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    kept: ContactId,
    gone: ContactId,
) -> Result<Vec<Folded>> {
    let (b, kept, gone) = (business.uuid(), kept.uuid(), gone.uuid());
    fetch_all!(tx, (Uuid,), sql::LOCK, b, kept, gone)?;
    let chats = fetch_all!(tx, ChatOf, sql::CHATS, b, kept, gone)?;
    execute!(tx, sql::INHERIT, b, kept, gone, now.ms())?;
    execute!(tx, sql::DELETE, b, gone)?;
    let mut folded = Vec::new();
    for chat in chats.iter().filter(|chat| chat.contact_id == gone) {
        let twin = chats
            .iter()
            .find(|it| it.contact_id == kept && it.session_id == chat.session_id);
        let session = SessionId::from(chat.session_id);
        folded.push(match twin {
            None => {
                execute!(tx, sql::MOVE_CHAT, b, chat.id, kept)?;
                hand_over(tx, business, chat.id, kept).await?;
                Folded {
                    session,
                    chat: chat.id.into(),
                    gone: None,
                }
            }
            Some(twin) => {
                let (older, newer) = if twin.id < chat.id {
                    (twin.id, chat.id)
                } else {
                    (chat.id, twin.id)
                };
                fold(tx, business, kept, older, newer).await?;
                drain(tx, now, business, session, older.into()).await?;
                Folded {
                    session,
                    chat: older.into(),
                    gone: Some(newer.into()),
                }
            }
        });
    }
    Ok(folded)
}

/// Makes the newer chat part of the older one.
async fn fold(
    tx: &mut Tx,
    business: BusinessId,
    contact: Uuid,
    older: Uuid,
    newer: Uuid,
) -> Result<()> {
    let b = business.uuid();
    tx.wait_for(REWRITTEN);
    execute!(tx, sql::DROP_ECHOES, b, older, newer)?;
    execute!(tx, sql::FILL_WAITING, b, older, newer)?;
    execute!(tx, sql::DROP_TWINS, b, older, newer)?;
    hand_over(tx, business, older, contact).await?;
    hand_over(tx, business, newer, contact).await?;
    let last = fetch_optional!(tx, (Option<i64>,), sql::LAST_PLACE, b, older, newer)?;
    let last = last.and_then(|(last,)| last).unwrap_or(0);
    execute!(tx, sql::INTERLEAVE, b, older, newer, last)?;
    execute!(tx, sql::DELETE_CHAT, b, newer)?;
    execute!(tx, sql::MOVE_CHAT, b, older, contact)?;
    execute!(tx, sql::RECOUNT, b, older)?;
    Ok(())
}

/// The messages of a chat belong to this contact from now on.
async fn hand_over(tx: &mut Tx, business: BusinessId, chat: Uuid, contact: Uuid) -> Result<()> {
    let sender = contact.to_string();
    execute!(
        tx,
        sql::MOVE_MESSAGES,
        business.uuid(),
        chat,
        contact,
        sender.as_str()
    )?;
    Ok(())
}

/// A drain of the chat that went would find nothing: one of the chat that stays is needed.
async fn drain(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    session: SessionId,
    chat: ChatId,
) -> Result<()> {
    let unsent = fetch_optional!(
        tx,
        (Uuid,),
        sql::HAS_UNSENT,
        business.uuid(),
        session.uuid(),
        chat.uuid()
    )?;
    if unsent.is_some() {
        let job = Job::DrainChat { session, chat };
        jobs::push_last(tx, now, business, &job)?;
    }
    Ok(())
}

/// Tells the world: once per chat that changed, or once for two contacts without chats.
pub(super) async fn tell(
    tx: &mut Tx,
    now: Timestamp,
    business: BusinessId,
    kept: ContactId,
    gone: ContactId,
    folded: Vec<Folded>,
) -> Result<()> {
    let contact = serde_json::to_value(get_in(tx, business, kept).await?)?;
    let mut news: Vec<(Option<SessionId>, Option<ChatId>, Option<ChatId>)> = folded
        .into_iter()
        .map(|it| (Some(it.session), Some(it.chat), it.gone))
        .collect();
    if news.is_empty() {
        news.push((None, None, None));
    }
    for (session, chat, merged_chat) in news {
        tx.event(NewEvent {
            business,
            session,
            kind: EventType::ContactMerged,
            at: now,
            data: serde_json::json!({
                "contact": contact,
                "merged_id": gone,
                "chat_id": chat,
                "merged_chat_id": merged_chat,
            }),
        });
    }
    Ok(())
}

#[derive(sqlx::FromRow)]
struct ChatOf {
    id: Uuid,
    session_id: Uuid,
    contact_id: Uuid,
}
