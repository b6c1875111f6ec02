//! Moves of businesses that somebody asked for: all its sessions go to one shard, and it belongs there from then on.

use serde_json::json;
use switchyard_core::audit::AuditAction;
use switchyard_core::shard::MoveState;
use switchyard_core::{BusinessId, SessionId, Timestamp};
use uuid::Uuid;

use super::{CANNOT_TAKE, sql};
use crate::audit::{self, Actor};
use crate::run::{execute, fetch_all, fetch_optional};
use crate::{Error, Hint, Lane, Result, Store, Tx};

/// How far a move has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The business.
    pub business: BusinessId,
    /// The shard where it goes.
    pub number: u16,
    /// Where it stands.
    pub state: MoveState,
    /// Sessions that have arrived.
    pub moved: u32,
    /// Sessions that had to go.
    pub total: u32,
}

/// Begins to move a business to a shard, or with `plan` only says what that would do. What rests goes there when it
/// connects. `None`: there is no such business. [`Error::Conflict`] `shard_cannot_take`: that shard is not live, is to
/// be empty, or has no room for all of it.
pub async fn move_business(
    store: &Store,
    now: Timestamp,
    by: Actor,
    business: BusinessId,
    number: u16,
    plan: bool,
) -> Result<Option<Move>> {
    let input = (now, by, business, number, plan);
    store
        .write(
            Lane::Leases,
            input,
            |tx, (now, by, business, number, plan)| {
                Box::pin(async move {
                    let Some((chosen, pinned)) = fetch_optional!(
                        tx,
                        (Option<i64>, Option<i64>),
                        sql::ROUTE,
                        business.uuid()
                    )?
                    else {
                        return Ok(None);
                    };
                    let asked = Asked {
                        now: *now,
                        business: *business,
                        number: *number,
                    };
                    let before = chosen.or(pinned);
                    asked.begin(tx, by, before, *plan).await.map(Some)
                })
            },
        )
        .await
}

/// What somebody asked for.
struct Asked {
    now: Timestamp,
    business: BusinessId,
    number: u16,
}

impl Asked {
    async fn begin(
        &self,
        tx: &mut Tx,
        by: &Actor,
        before: Option<i64>,
        plan: bool,
    ) -> Result<Move> {
        let target = fetch_optional!(tx, (Uuid, i64), sql::TAKER, i64::from(self.number))?;
        let (target, room) = target.ok_or(Error::Conflict(CANNOT_TAKE))?;
        let go: Vec<Uuid> = fetch_all!(tx, (Uuid,), sql::LOCK_TO_GO, self.business.uuid(), target)?
            .into_iter()
            .map(|(session,)| session)
            .collect();
        let total = u32::try_from(go.len()).unwrap_or(u32::MAX);
        if i64::from(total) > room {
            return Err(Error::Conflict(CANNOT_TAKE));
        }
        let state = match (plan, total) {
            (true, _) => MoveState::Planned,
            (false, 0) => MoveState::Done,
            (false, _) => MoveState::Moving,
        };
        if !plan {
            self.note(tx, by, before, (target, state, total)).await?;
            for session in go {
                tx.hint(Hint::Session(SessionId::from(session)));
            }
        }
        Ok(Move {
            business: self.business,
            number: self.number,
            state,
            moved: 0,
            total,
        })
    }

    async fn note(
        &self,
        tx: &mut Tx,
        by: &Actor,
        before: Option<i64>,
        (target, state, total): (Uuid, MoveState, u32),
    ) -> Result<()> {
        let business = self.business.uuid();
        execute!(tx, sql::GO, business, target)?;
        execute!(tx, sql::CHOOSE, business, i64::from(self.number))?;
        execute!(
            tx,
            sql::PUT_MOVE,
            business,
            i64::from(self.number),
            target,
            state.name(),
            i64::from(total),
            self.now.ms()
        )?;
        let detail = json!({"before": before, "after": self.number, "sessions": total});
        let (action, id) = (AuditAction::BusinessMoved, self.business);
        audit::note(tx, self.now, id, by, action, &id.to_string(), &detail).await
    }
}

/// The last move of a business that somebody asked for.
pub async fn last_move(store: &Store, business: BusinessId) -> Result<Option<Move>> {
    let mut conn = store.read().await?;
    let row = fetch_optional!(
        conn,
        (i64, String, i64, i64, bool),
        sql::GET_MOVE,
        business.uuid()
    )?;
    let corrupt = |column| Error::Corrupt {
        table: "business_moves",
        column,
        id: business.to_string(),
    };
    row.map(|(number, state, moved, total, target_is_live)| {
        let state = MoveState::parse(&state).ok_or_else(|| corrupt("state"))?;
        Ok(Move {
            business,
            number: u16::try_from(number).map_err(|_range| corrupt("number"))?,
            // Whoever held the sessions keeps those that had not gone.
            state: if state == MoveState::Moving && !target_is_live {
                MoveState::Failed
            } else {
                state
            },
            moved: u32::try_from(moved).map_err(|_range| corrupt("moved"))?,
            total: u32::try_from(total).map_err(|_range| corrupt("total"))?,
        })
    })
    .transpose()
}
