//! Sessions: made and steered by the business, moved through their states by the shard that holds them.

use switchyard_core::address::{Lid, Phone};
use switchyard_core::event::EventType;
use switchyard_core::object::SessionObject;
use switchyard_core::reason::SessionReason;
use switchyard_core::session::{SessionState, Wanted};
use switchyard_core::{BusinessId, SessionId, Timestamp};

use crate::run::{execute, fetch_all, fetch_optional};
use crate::{Hint, Lane, NewEvent, Result, Store, Tx, leases, quota, shards};

pub(crate) mod row;
mod shard;
pub(crate) mod sql;

use row::SessionRow;
pub use shard::{Hinted, Wish, delete, hinted, paired, seen, set_state, stored, unpaired, wishes};

/// One WhatsApp number of a business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Who owns it.
    pub business: BusinessId,
    /// The name its owner gave it.
    pub name: String,
    /// The linked number; stays when the link ends.
    pub phone: Option<Phone>,
    /// The linked number's LID.
    pub lid: Option<Lid>,
    /// Where it stands.
    pub state: SessionState,
    /// Why.
    pub reason: Option<SessionReason>,
    /// Since when it is in this state.
    pub since: Timestamp,
    /// When this state ends by itself.
    pub until: Option<Timestamp>,
    /// Until when WhatsApp restricts new chats, in whatever state the session is.
    pub new_chats_until: Option<Timestamp>,
    /// Until when WhatsApp blocks the account, in whatever state the session is.
    pub banned_until: Option<Timestamp>,
    /// What its owner wants.
    pub wanted: Wanted,
    /// Since when.
    pub wanted_at: Timestamp,
    /// Whether the phone has linked it; only then are there keys in the vault.
    pub paired: bool,
    /// Messages in and out since midnight UTC; not counted where a shard looks.
    pub messages_today: i64,
    /// The shard that holds it.
    pub shard: Option<u16>,
    /// When the phone itself was last heard of.
    pub phone_seen_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Session {
    /// The session as members of its business and events show it: where it is held is for operators.
    pub fn object(&self) -> SessionObject {
        SessionObject {
            id: self.id,
            business_id: self.business,
            name: self.name.clone(),
            phone: self.phone.as_ref().map(Phone::e164),
            state: self.state,
            reason: self.reason,
            since: self.since,
            until: self.until,
            shard: None,
            messages_today: self.messages_today,
            phone_seen_at: self.phone_seen_at,
        }
    }

    /// The session as operators see it.
    pub fn object_with_shard(&self) -> SessionObject {
        SessionObject {
            shard: self.shard,
            ..self.object()
        }
    }

    fn told(self, store: &Store) -> Self {
        let reason = SessionReason::StorageFull;
        let ended = matches!(
            self.state,
            SessionState::Failed | SessionState::LoggedOut | SessionState::Disconnected
        );
        if store.has_room() || ended || !self.wanted.is_connected() {
            return self;
        }
        Self {
            state: reason.state(),
            reason: Some(reason),
            until: None,
            ..self
        }
    }
}

/// Makes a session that was never linked. [`crate::Error::QuotaExceeded`] when the business has all that it may.
pub async fn create(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    name: &str,
) -> Result<Session> {
    let input = (now, business, SessionId::generate(), name.to_owned());
    store
        .of(business)
        .write(Lane::Rest, input, |tx, (now, business, id, name)| {
            Box::pin(async move {
                quota::admit_session(tx, *business).await?;
                execute!(
                    tx,
                    sql::INSERT,
                    id.uuid(),
                    business.uuid(),
                    name.as_str(),
                    now.ms()
                )?;
                execute!(tx, sql::INSERT_LEASE, id.uuid(), business.uuid())?;
                let session = must_find(tx, *business, *id).await?;
                changed(tx, *now, &session).await?;
                tx.hint(Hint::Session(*id));
                Ok(session)
            })
        })
        .await
}

/// The sessions of a business, oldest first; each as [`get`] tells it, without those being deleted.
pub async fn list(store: &Store, business: BusinessId) -> Result<Vec<Session>> {
    let mut conn = store.of(business).read().await?;
    let today = midnight(Timestamp::now());
    fetch_all!(conn, SessionRow, sql::LIST, business.uuid(), today)?
        .into_iter()
        .map(|row| Ok(row.into_session()?.told(store)))
        .collect()
}

/// One session of a business, unless it is being deleted. While the storage is full no shard can write down what that does to its sessions:
/// each that should be connected is told as failed for that reason.
pub async fn get(store: &Store, business: BusinessId, id: SessionId) -> Result<Option<Session>> {
    let mut conn = store.of(business).read().await?;
    let today = midnight(Timestamp::now());
    fetch_optional!(
        conn,
        SessionRow,
        sql::GET,
        business.uuid(),
        id.uuid(),
        today
    )?
    .map(|row| Ok(row.into_session()?.told(store)))
    .transpose()
}

/// Gives a session another name.
pub async fn rename(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    id: SessionId,
    name: &str,
) -> Result<Option<Session>> {
    let input = (now, business, id, name.to_owned());
    store
        .of(business)
        .write(Lane::Rest, input, |tx, (now, business, id, name)| {
            Box::pin(async move {
                if execute!(tx, sql::RENAME, business.uuid(), id.uuid(), name.as_str())? == 0 {
                    return Ok(None);
                }
                let session = must_find(tx, *business, *id).await?;
                let session = counted(tx, *now, session).await?;
                tell(tx, *now, &session)?;
                Ok(Some(session))
            })
        })
        .await
}

/// Writes down that the business wants a session connected, in that way. [`crate::Error::NoRoom`]: it was never linked,
/// and no shard has room for it now; what is linked waits for a shard instead.
pub async fn connect(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    id: SessionId,
    how: Wanted,
) -> Result<Option<Session>> {
    let known = get(store, business, id).await?;
    if known.is_some_and(|it| !it.paired)
        && leases::holder(store, id).await?.is_none()
        && !shards::has_room(store, id).await?
    {
        return Err(crate::Error::NoRoom);
    }
    want(store, now, business, id, how).await
}

/// Writes down what the business wants of a session; the shard works towards it. A session that nobody
/// holds and that was never linked is deleted at once. Once it is to be deleted, nothing else can be wanted.
pub async fn want(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    id: SessionId,
    wanted: Wanted,
) -> Result<Option<Session>> {
    let input = (now, business, id, wanted);
    store
        .of(business)
        .write(Lane::Rest, input, |tx, (now, business, id, wanted)| {
            Box::pin(async move {
                let wish = (business.uuid(), id.uuid(), wanted.name(), now.ms());
                if execute!(tx, sql::WANT, wish.0, wish.1, wish.2, wish.3)? == 0 {
                    return Ok(None);
                }
                let session = must_find(tx, *business, *id).await?;
                let session = counted(tx, *now, session).await?;
                tx.hint(Hint::Session(*id));
                if *wanted == Wanted::Deleted
                    && !session.paired
                    && fetch_optional!(tx, (i64,), sql::NOT_HELD, id.uuid(), business.uuid())?
                        .is_some()
                {
                    shard::remove(tx, *now, &session).await?;
                }
                Ok(Some(session))
            })
        })
        .await
}

/// The session inside a transaction; its messages are not counted.
pub(crate) async fn must_find(tx: &mut Tx, business: BusinessId, id: SessionId) -> Result<Session> {
    fetch_optional!(tx, SessionRow, sql::FIND, business.uuid(), id.uuid())?
        .ok_or(crate::Error::NoSuchSession)?
        .into_session()
}

/// The session with its messages counted.
async fn counted(tx: &mut Tx, now: Timestamp, session: Session) -> Result<Session> {
    let (id, today) = (session.id.uuid(), midnight(now));
    let counted = fetch_optional!(tx, (i64,), sql::MESSAGES_SINCE, id, today)?;
    let messages_today = counted.map_or(0, |(messages,)| messages);
    Ok(Session {
        messages_today,
        ..session
    })
}

/// Tells the world how a session stands.
pub(crate) async fn changed(tx: &mut Tx, now: Timestamp, session: &Session) -> Result<()> {
    let session = counted(tx, now, session.clone()).await?;
    tell(tx, now, &session)
}

fn tell(tx: &mut Tx, now: Timestamp, session: &Session) -> Result<()> {
    tx.event(NewEvent {
        business: session.business,
        session: Some(session.id),
        kind: EventType::SessionStatus,
        at: now,
        data: serde_json::to_value(session.object())?,
    });
    Ok(())
}

/// The last midnight in UTC, in milliseconds.
pub(crate) fn midnight(now: Timestamp) -> i64 {
    const DAY_MS: i64 = 86_400_000;
    now.ms() - now.ms().rem_euclid(DAY_MS)
}
