//! The phone numbers that take calls: each for one business.

use serde_json::json;
use switchyard_core::address::Phone;
use switchyard_core::audit::AuditAction;
use switchyard_core::flow::{CallFlow, Node};
use switchyard_core::{BusinessId, CallNumberId, Timestamp};
use uuid::Uuid;

use super::{flow, sql};
use crate::audit::{self, Actor};
use crate::run::{execute, fetch_all, fetch_optional};
use crate::{Error, Lane, Result, Store, Tx, members};

/// Numbers that a business may have.
pub const MOST: i64 = 100;

/// A number that takes calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallNumber {
    /// Its id.
    pub id: CallNumberId,
    /// The number.
    pub phone: Phone,
    /// What its owner calls it.
    pub name: String,
    /// Since when it takes calls.
    pub created_at: Timestamp,
}

type NumberRow = (Uuid, String, String, i64);

fn number((id, phone, name, created_at): NumberRow) -> Result<CallNumber> {
    let id = CallNumberId::from(id);
    Ok(CallNumber {
        phone: Phone::parse(&phone).ok_or_else(|| Error::Corrupt {
            table: "call_numbers",
            column: "phone",
            id: id.to_string(),
        })?,
        id,
        name,
        created_at: Timestamp(created_at),
    })
}

/// The numbers of a business, oldest first; at most [`MOST`].
pub async fn numbers(store: &Store, business: BusinessId) -> Result<Vec<CallNumber>> {
    let mut conn = store.of(business).read().await?;
    let rows = fetch_all!(conn, NumberRow, sql::NUMBERS, business.uuid(), MOST)?;
    rows.into_iter().map(number).collect()
}

/// The same within a transaction, the numbers alone.
pub(super) async fn phones(tx: &mut Tx, business: BusinessId) -> Result<Vec<Phone>> {
    let rows = fetch_all!(tx, NumberRow, sql::NUMBERS, business.uuid(), MOST)?;
    rows.into_iter().map(|row| Ok(number(row)?.phone)).collect()
}

/// Lets a number take calls. [`Error::Conflict`] `number_taken` when it does so already, here or elsewhere, and
/// `number_rung` when the flow rings it: its calls would come back for ever; [`Error::QuotaExceeded`] `call_numbers`.
pub async fn add_number(
    store: &Store,
    now: Timestamp,
    by: Actor,
    business: BusinessId,
    phone: Phone,
    name: String,
) -> Result<CallNumber> {
    let new = CallNumber {
        id: CallNumberId::generate(),
        phone,
        name,
        created_at: now,
    };
    let input = (by, business, new);
    store
        .of(business)
        .write(Lane::Rest, input, |tx, (by, business, new)| {
            Box::pin(add(tx, by, *business, new))
        })
        .await
}

async fn add(
    tx: &mut Tx,
    by: &Actor,
    business: BusinessId,
    new: &CallNumber,
) -> Result<CallNumber> {
    members::lock(tx, business).await?;
    let has = fetch_all!(tx, NumberRow, sql::NUMBERS, business.uuid(), MOST)?;
    if i64::try_from(has.len()).unwrap_or(MOST) >= MOST {
        return Err(Error::QuotaExceeded("call_numbers"));
    }
    let flow = flow::current(tx, business).await?;
    if flow.is_some_and(|it| rings(&it.flow, &new.phone)) {
        return Err(Error::Conflict("number_rung"));
    }
    let added = execute!(
        tx,
        sql::ADD_NUMBER,
        new.id.uuid(),
        business.uuid(),
        new.phone.digits(),
        new.name.as_str(),
        new.created_at.ms()
    )?;
    if added == 0 {
        return Err(Error::Conflict("number_taken"));
    }
    let detail = json!({"phone": new.phone.e164(), "name": new.name});
    let (action, target) = (AuditAction::CallNumberAdded, new.id.to_string());
    audit::note(tx, new.created_at, business, by, action, &target, &detail).await?;
    Ok(new.clone())
}

fn rings(flow: &CallFlow, phone: &Phone) -> bool {
    flow.nodes.values().any(|node| match node {
        Node::Dial { targets, .. } => {
            let mut targets = targets.iter();
            targets.any(|target| Phone::parse(target).as_ref() == Some(phone))
        }
        _ => false,
    })
}

/// Lets a number take no calls any more; calls that are under way go on. `false` when there is no such number.
pub async fn remove_number(
    store: &Store,
    now: Timestamp,
    by: Actor,
    business: BusinessId,
    id: CallNumberId,
) -> Result<bool> {
    let input = (now, by, business, id);
    store
        .of(business)
        .write(Lane::Rest, input, |tx, (now, by, business, id)| {
            Box::pin(async move {
                let (b, n) = (business.uuid(), id.uuid());
                let Some((phone,)) = fetch_optional!(tx, (String,), sql::REMOVE_NUMBER, b, n)?
                else {
                    return Ok(false);
                };
                let detail = json!({"phone": format!("+{phone}")});
                let (action, target) = (AuditAction::CallNumberRemoved, id.to_string());
                audit::note(tx, *now, *business, by, action, &target, &detail).await?;
                Ok(true)
            })
        })
        .await
}

/// Whose number it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The business.
    pub business: BusinessId,
    /// The most calls that it may have at a time; `None`: as many as the settings say.
    pub most: Option<u32>,
}

/// The business whose number this is; `None` when it takes no calls, or its business is suspended.
pub async fn business_of(store: &Store, phone: &Phone) -> Result<Option<Owner>> {
    let mut conn = store.read().await?;
    let row = fetch_optional!(conn, (Uuid, Option<i64>), sql::BUSINESS_OF, phone.digits())?;
    Ok(row.map(|(business, most)| Owner {
        business: business.into(),
        most: most.map(counted),
    }))
}

/// How many calls a business may have at a time; `None`: as many as the settings say.
pub async fn limit_of(store: &Store, business: BusinessId) -> Result<Option<u32>> {
    let mut conn = store.of(business).read().await?;
    let row = fetch_optional!(conn, (Option<i64>,), sql::MAX_CALLS, business.uuid())?;
    Ok(row.and_then(|(most,)| most).map(counted))
}

/// A limit as it is stored.
pub(super) fn counted(most: i64) -> u32 {
    u32::try_from(most).unwrap_or(u32::MAX)
}
