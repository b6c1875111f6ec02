//! What callers of a business hear: the version in force, and putting the next one in its place.

use serde_json::json;
use switchyard_core::audit::AuditAction;
use switchyard_core::flow::{CallFlow, Fault, Language};
use switchyard_core::{BusinessId, Timestamp};

use super::{number, sql};
use crate::audit::{self, Actor};
use crate::run::{execute, fetch_optional};
use crate::{Error, Lane, Result, Store, Tx, members};

/// Versions that are kept beside the one in force, for the calls that still go by them.
const KEPT: i64 = 20;

/// A flow as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFlow {
    /// Its number, from 1; 0 is what every business begins with.
    pub version: i64,
    /// The flow.
    pub flow: CallFlow,
    /// Since when it is in force; `None` of version 0.
    pub since: Option<Timestamp>,
}

impl StoredFlow {
    /// What a business has that never said anything.
    fn first() -> Self {
        Self {
            version: 0,
            flow: CallFlow::standard(Language::En),
            since: None,
        }
    }
}

/// How putting a flow ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// It is in force.
    Stored(Box<StoredFlow>),
    /// It is not, for these faults.
    Faulty(Vec<Fault>),
}

pub(super) type FlowRow = (i64, String, i64);

pub(super) fn stored(business: BusinessId, (version, flow, since): FlowRow) -> Result<StoredFlow> {
    Ok(StoredFlow {
        version,
        flow: serde_json::from_str(&flow).map_err(|_unreadable| Error::Corrupt {
            table: "call_flows",
            column: "flow",
            id: format!("{business} {version}"),
        })?,
        since: Some(Timestamp(since)),
    })
}

/// The flow in force.
pub async fn flow(store: &Store, business: BusinessId) -> Result<StoredFlow> {
    let mut conn = store.of(business).read().await?;
    match fetch_optional!(conn, FlowRow, sql::FLOW, business.uuid())? {
        Some(row) => stored(business, row),
        None => Ok(StoredFlow::first()),
    }
}

/// That version of it, while it is kept; `None` of version 0 too, which is no row.
pub async fn flow_version(
    store: &Store,
    business: BusinessId,
    version: i64,
) -> Result<Option<StoredFlow>> {
    let mut conn = store.of(business).read().await?;
    let row = fetch_optional!(conn, FlowRow, sql::FLOW_VERSION, business.uuid(), version)?;
    row.map(|row| stored(business, row)).transpose()
}

/// The same within a transaction; `None`: the business never said anything.
pub(super) async fn current(tx: &mut Tx, business: BusinessId) -> Result<Option<StoredFlow>> {
    let row = fetch_optional!(tx, FlowRow, sql::FLOW, business.uuid())?;
    row.map(|row| stored(business, row)).transpose()
}

/// Puts a flow in force for the calls that begin from now on. `expected` is the version that it was made from:
/// [`Error::Conflict`] `flow_changed` when another one is in force meanwhile.
pub async fn put_flow(
    store: &Store,
    now: Timestamp,
    by: Actor,
    business: BusinessId,
    expected: i64,
    flow: CallFlow,
) -> Result<Put> {
    let input = (now, by, business, expected, flow);
    store
        .of(business)
        .write(
            Lane::Rest,
            input,
            |tx, (now, by, business, expected, flow)| {
                Box::pin(put(tx, *now, by, *business, *expected, flow))
            },
        )
        .await
}

async fn put(
    tx: &mut Tx,
    now: Timestamp,
    by: &Actor,
    business: BusinessId,
    expected: i64,
    flow: &CallFlow,
) -> Result<Put> {
    members::lock(tx, business).await?;
    let before = current(tx, business).await?.map_or(0, |it| it.version);
    if before != expected {
        return Err(Error::Conflict("flow_changed"));
    }
    let faults = flow.faults(&number::phones(tx, business).await?);
    if !faults.is_empty() {
        return Ok(Put::Faulty(faults));
    }
    let (version, b) = (before.saturating_add(1), business.uuid());
    let text = serde_json::to_string(flow)?;
    execute!(tx, sql::PUT_FLOW, b, version, text.as_str(), now.ms())?;
    execute!(tx, sql::FORGET_FLOWS, b, version.saturating_sub(KEPT))?;
    let detail = json!({"before": before, "after": version});
    let (action, target) = (AuditAction::CallFlowChanged, business.to_string());
    audit::note(tx, now, business, by, action, &target, &detail).await?;
    Ok(Put::Stored(Box::new(StoredFlow {
        version,
        flow: flow.clone(),
        since: Some(now),
    })))
}
