//! The slots of calls as operators see them: how many of how many are taken, by which calls, and taking one back.

use std::time::Duration;

use serde::Serialize;
use store::slots::{Holder, Standing};
use switchyard_core::BusinessId;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::api::State;
use crate::problem::Problem;

mod limit;
mod list;
mod release;

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list::list_slots)
        .service(limit::get_call_limit)
        .service(limit::put_call_limit)
        .service(release::release_call);
}

/// A call that takes one of the slots.
#[derive(Serialize, ToSchema)]
#[schema(as = SlotHolder)]
pub(crate) struct HolderObject {
    /// The call, or the reservation of one that is being placed.
    call_sid: String,
    /// Whose call it is; `null` when that is not known any more.
    #[schema(value_type = Option<String>)]
    business_id: Option<BusinessId>,
    /// The process that renews it.
    owner: String,
    /// Whether that process was heard of within the last seconds.
    owner_lives: bool,
    /// What the call was doing.
    phase: String,
    /// For how many seconds it has had the slot.
    age_s: u64,
    /// In how many seconds the slot is free unless it is renewed.
    left_s: u64,
}

impl From<Holder> for HolderObject {
    fn from(holder: Holder) -> Self {
        Self {
            call_sid: holder.id,
            business_id: holder.business,
            owner: holder.owner,
            owner_lives: holder.owner_lives,
            phase: holder.phase,
            age_s: holder.age.as_secs(),
            left_s: holder.left.as_secs(),
        }
    }
}

/// How the slots stand.
#[derive(Serialize, ToSchema)]
#[schema(as = CallSlots)]
pub(crate) struct SlotsObject {
    /// Calls that take one now.
    live: u32,
    /// The most at a time.
    limit: u32,
    /// For how many seconds no new call is taken, after a cold start of what counts them.
    warming_s: u64,
    /// Who holds one, the longest first; at most 2,000.
    data: Vec<HolderObject>,
}

/// Redis does not answer.
fn away(error: impl std::fmt::Display) -> Problem {
    Problem::unavailable("what counts the calls is away", error)
}

async fn standing(state: &State) -> Result<Standing, Problem> {
    let kept = store::calls::call_limit(&state.store).await?;
    let limit = kept.unwrap_or(state.call_limit);
    let mut standing = state.slots.standing(limit).await.map_err(away)?;
    if kept.is_some() {
        standing.limit = limit;
    }
    Ok(standing)
}

/// Whole seconds, begun ones counted.
fn seconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis().div_ceil(1_000)).unwrap_or(u64::MAX)
}
