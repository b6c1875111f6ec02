//! Chats: lists, reading, and what WhatsApp must still be told of it.

use switchyard_core::object::ChatObject;
use switchyard_core::{BusinessId, ChatId, SessionId};

use crate::messages::MessageRow;
use crate::page::{Cursor, pattern};
use crate::run::{fetch_all, fetch_optional, hex};
use crate::{Page, Result, Store};

mod read;
pub(crate) mod row;
pub(crate) mod sql;

pub(crate) use read::read_elsewhere;
pub use read::{Unread, is_answered, mark_read, reads_sent, reads_to_send};
use row::ChatRow;

/// Which chats to list.
#[derive(Debug, Clone, Default)]
pub struct ChatQuery {
    /// Part of a name, a number or a message.
    pub q: Option<String>,
    /// Of this number alone.
    pub session: Option<SessionId>,
    /// Those with unread messages alone.
    pub unread: bool,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// So many at most.
    pub limit: u32,
}

/// The chats of a business, the one with the newest message first.
pub async fn list(
    store: &Store,
    business: BusinessId,
    query: ChatQuery,
) -> Result<Page<ChatObject>> {
    let after = query.cursor.as_deref().map(Cursor::parse).transpose()?;
    let pattern = query.q.as_deref().map(pattern);
    let mut conn = match &query.q {
        Some(_) => store.of(business).search().await?,
        None => store.of(business).read().await?,
    };
    let session = query.session.map(SessionId::uuid);
    let unread = i64::from(query.unread);
    let at = after.map_or(i64::MAX, |cursor| cursor.at);
    let id = after.map_or(uuid::Uuid::max(), |cursor| cursor.id);
    let limit = i64::from(query.limit).saturating_add(1);
    let of = business.uuid();
    let found = match pattern.as_deref() {
        None => fetch_all!(conn, ChatRow, sql::LIST, of, session, unread, at, id, limit),
        Some(pattern) => fetch_all!(
            conn,
            ChatRow,
            sql::SEARCH,
            of,
            session,
            unread,
            pattern,
            at,
            id,
            limit
        ),
    };
    let mut rows = store.searched(found)?;
    let next_cursor = Cursor::next(&mut rows, query.limit, ChatRow::cursor);
    let mut data = rows
        .into_iter()
        .map(ChatRow::into_object)
        .collect::<Result<Vec<_>>>()?;
    if let Some(pattern) = &pattern {
        let ids: Vec<String> = data.iter().map(|chat| hex(chat.id.uuid())).collect();
        let (ids, pattern) = (serde_json::to_string(&ids)?, pattern.as_str());
        let found = fetch_all!(conn, MessageRow, sql::NEWEST_MATCHES, of, ids, pattern);
        for message in store.searched(found)? {
            let message = message.into_object()?;
            let chat = data.iter_mut().find(|chat| chat.id == message.chat_id);
            if let Some(chat) = chat {
                chat.found = Some(message);
            }
        }
    }
    Ok(Page { data, next_cursor })
}

/// One chat of a business.
pub async fn get(store: &Store, business: BusinessId, id: ChatId) -> Result<Option<ChatObject>> {
    let mut conn = store.of(business).read().await?;
    fetch_optional!(conn, ChatRow, sql::GET, business.uuid(), id.uuid())?
        .map(ChatRow::into_object)
        .transpose()
}
