//! What the shard that holds a session does to it. Every write is fenced.

use switchyard_core::address::{Lid, Phone};
use switchyard_core::job::Job;
use switchyard_core::reason::{FailureCode, SessionReason};
use switchyard_core::session::{SessionState, Wanted};
use switchyard_core::{BusinessId, ChatId, SessionId, Timestamp};
use uuid::Uuid;

use crate::leases::{self, Incarnation};
use crate::messages::MessageRow;
use crate::messages::row::tell_status;
use crate::run::{execute, fetch_all, fetch_optional, hex};
use crate::sessions::row::SessionRow;
use crate::sessions::{Session, changed, must_find, sql};
use crate::{Error, Held, Hint, Lane, Result, Store, Tx, jobs, members};

/// What a business wants of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// The session.
    pub session: SessionId,
    /// Its owner.
    pub business: BusinessId,
    /// Where it stands.
    pub state: SessionState,
    /// What is wanted.
    pub wanted: Wanted,
    /// Since when; each wish of a session has another instant.
    pub wanted_at: Timestamp,
    /// Whether another live shard is to have the session.
    pub moves: bool,
}

/// What is wanted of every session that this shard holds. A row that cannot be read hides no other.
pub async fn wishes(store: &Store, incarnation: Incarnation) -> Result<Vec<Result<Wish>>> {
    let mut conn = store.read().await?;
    let rows = fetch_all!(conn, WishRow, sql::WISHES, incarnation.0)?;
    Ok(rows.into_iter().map(WishRow::into_wish).collect())
}

/// What a session that was hinted at is to a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hinted {
    /// It holds it.
    Held(Wish),
    /// It may take it, or soon will.
    Loose(SessionId),
}

/// Of these sessions those that are something to this shard; the others are no matter of it. A row that cannot be read
/// hides no other.
pub async fn hinted(
    store: &Store,
    incarnation: Incarnation,
    sessions: &[SessionId],
) -> Result<Vec<Result<Hinted>>> {
    let list: Vec<String> = sessions.iter().map(|it| hex(it.uuid())).collect();
    let list = serde_json::to_string(&list)?;
    let mut conn = store.read().await?;
    let (me, list) = (incarnation.0, list.as_str());
    let rows = fetch_all!(conn, HintedRow, leases::sql::HINTED, me, list)?;
    let hinted = |row: HintedRow| {
        if row.is_held {
            row.wish.into_wish().map(Hinted::Held)
        } else {
            Ok(Hinted::Loose(row.wish.id.into()))
        }
    };
    Ok(rows.into_iter().map(hinted).collect())
}

#[derive(sqlx::FromRow)]
struct WishRow {
    id: Uuid,
    business_id: Uuid,
    state: String,
    wanted: String,
    wanted_at: i64,
    moves: bool,
}

#[derive(sqlx::FromRow)]
struct HintedRow {
    #[sqlx(flatten)]
    wish: WishRow,
    is_held: bool,
}

impl WishRow {
    fn into_wish(self) -> Result<Wish> {
        let session = SessionId::from(self.id);
        let corrupt = |column| Error::Corrupt {
            table: "sessions",
            column,
            id: session.to_string(),
        };
        Ok(Wish {
            session,
            business: self.business_id.into(),
            state: SessionState::parse(&self.state).ok_or_else(|| corrupt("state"))?,
            wanted: Wanted::parse(&self.wanted).ok_or_else(|| corrupt("wanted"))?,
            wanted_at: Timestamp(self.wanted_at),
            moves: self.moves,
        })
    }
}

/// A session exactly as it is stored, also one being deleted; its messages are not counted.
pub async fn stored(store: &Store, business: BusinessId, id: SessionId) -> Result<Option<Session>> {
    let mut conn = store.read().await?;
    fetch_optional!(conn, SessionRow, sql::FIND, business.uuid(), id.uuid())?
        .map(SessionRow::into_session)
        .transpose()
}

/// Moves a session to a state. The same state, reason and end again change nothing and tell nothing.
/// On becoming able to send, the business belongs to this shard if it belonged nowhere yet, and a drain is enqueued for every chat with unsent messages or reads that are not told. The end of a restriction or of a
/// ban is kept whatever state comes after it.
pub async fn set_state(
    store: &Store,
    now: Timestamp,
    held: &Held,
    state: SessionState,
    reason: Option<SessionReason>,
    until: Option<Timestamp>,
) -> Result<()> {
    let input = (now, *held, state, reason, until);
    store
        .write(
            Lane::Rest,
            input,
            |tx, (now, held, state, reason, until)| {
                Box::pin(async move {
                    held.check(tx).await?;
                    move_to(tx, *now, held, *state, *reason, *until).await
                })
            },
        )
        .await
}

/// The phone has linked this session; `false`, and nothing is noted, when another session of the business is linked to the
/// same phone. [`Error::Conflict`] `different_number` when it belonged to another.
pub async fn paired(
    store: &Store,
    now: Timestamp,
    held: &Held,
    phone: Phone,
    lid: Option<Lid>,
) -> Result<bool> {
    let input = (now, *held, phone, lid);
    store
        .write(Lane::Messages, input, |tx, (now, held, phone, lid)| {
            Box::pin(async move {
                held.check(tx).await?;
                let session = must_find(tx, held.business, held.session).await?;
                if session.phone.is_some_and(|known| known != *phone) {
                    return Err(Error::Conflict("different_number"));
                }
                let (business, id) = (held.business.uuid(), held.session.uuid());
                // Of two that are linked at once one is the first.
                members::lock(tx, held.business).await?;
                let twin =
                    fetch_optional!(tx, (Uuid,), sql::LINKED_TO, business, id, phone.digits())?;
                if twin.is_some() {
                    return Ok(false);
                }
                let lid = lid.as_ref().map(Lid::digits);
                execute!(tx, sql::PAIRED, business, id, phone.digits(), lid)?;
                let session = must_find(tx, held.business, held.session).await?;
                changed(tx, *now, &session).await?;
                Ok(true)
            })
        })
        .await
}

/// The link to the phone is gone: the keys are wiped, and the session is logged out, or in the state of `reason`.
pub async fn unpaired(
    store: &Store,
    now: Timestamp,
    held: &Held,
    reason: Option<SessionReason>,
) -> Result<()> {
    let input = (now, *held, reason);
    store
        .write(Lane::Rest, input, |tx, (now, held, reason)| {
            Box::pin(async move {
                held.check(tx).await?;
                wipe(tx, held.session.uuid()).await?;
                execute!(tx, sql::UNPAIRED, held.business.uuid(), held.session.uuid())?;
                let state = match reason {
                    None | Some(SessionReason::ByUser) => SessionState::LoggedOut,
                    Some(reason) => reason.state(),
                };
                move_to(tx, *now, held, state, *reason, None).await
            })
        })
        .await
}

/// Removes a session and its keys. Its chats and messages stay; what was not sent yet is given up.
pub async fn delete(store: &Store, now: Timestamp, held: &Held) -> Result<()> {
    let input = (now, *held);
    store
        .write(Lane::Rest, input, |tx, (now, held)| {
            Box::pin(async move {
                held.check(tx).await?;
                let session = must_find(tx, held.business, held.session).await?;
                remove(tx, *now, &session).await
            })
        })
        .await
}

/// The phone itself was heard of.
pub async fn seen(store: &Store, now: Timestamp, held: &Held) -> Result<()> {
    let input = (now, *held);
    store
        .write_relaxed(Lane::Rest, input, |tx, (now, held)| {
            Box::pin(async move {
                held.check(tx).await?;
                execute!(
                    tx,
                    sql::SEEN,
                    held.business.uuid(),
                    held.session.uuid(),
                    now.ms()
                )?;
                Ok(())
            })
        })
        .await
}

async fn move_to(
    tx: &mut Tx,
    now: Timestamp,
    held: &Held,
    state: SessionState,
    reason: Option<SessionReason>,
    until: Option<Timestamp>,
) -> Result<()> {
    let before = must_find(tx, held.business, held.session).await?;
    if (before.state, before.reason, before.until) == (state, reason, until) {
        return Ok(());
    }
    let since = if before.state == state {
        before.since
    } else {
        now
    };
    execute!(
        tx,
        sql::SET_STATE,
        held.business.uuid(),
        held.session.uuid(),
        state.name(),
        reason.map(SessionReason::code),
        since.ms(),
        until.map(Timestamp::ms)
    )?;
    let after = Session {
        state,
        reason,
        since,
        until,
        ..before
    };
    changed(tx, now, &after).await?;
    tx.hint(Hint::Session(held.session));
    if state.can_send() && !before.state.can_send() {
        execute!(tx, sql::PIN, held.business.uuid(), held.session.uuid())?;
        drain_all(tx, now, held).await?;
    }
    Ok(())
}

async fn drain_all(tx: &mut Tx, now: Timestamp, held: &Held) -> Result<()> {
    let chats = fetch_all!(
        tx,
        (Uuid,),
        sql::CHATS_TO_DRAIN,
        held.business.uuid(),
        held.session.uuid()
    )?;
    for (chat,) in chats {
        let job = Job::DrainChat {
            session: held.session,
            chat: ChatId::from(chat),
        };
        jobs::push_last(tx, now, held.business, &job)?;
    }
    Ok(())
}

/// Deletes a session inside a transaction that has made sure that nobody else holds it.
pub(super) async fn remove(tx: &mut Tx, now: Timestamp, session: &Session) -> Result<()> {
    let id = session.id.uuid();
    wipe(tx, id).await?;
    tx.forget_current();
    execute!(tx, sql::DELETE_LEASE, id, session.business.uuid())?;
    let given_up = fetch_all!(
        tx,
        MessageRow,
        sql::FAIL_UNSENT,
        session.business.uuid(),
        id,
        FailureCode::SessionLoggedOut.code()
    )?;
    tell_status(tx, now, given_up)?;
    execute!(tx, sql::DELETE, session.business.uuid(), id, now.ms())?;
    if session.state != SessionState::LoggedOut {
        let gone = Session {
            state: SessionState::LoggedOut,
            reason: Some(SessionReason::ByUser),
            since: now,
            until: None,
            ..session.clone()
        };
        changed(tx, now, &gone).await?;
    }
    tx.hint(Hint::Session(session.id));
    Ok(())
}

async fn wipe(tx: &mut Tx, session: Uuid) -> Result<()> {
    execute!(tx, sql::WIPE_VAULT, session)?;
    execute!(tx, sql::WIPE_LID_MAP, session)?;
    execute!(tx, sql::WIPE_LINK, session)?;
    Ok(())
}
