//! `POST /v1/admin/dead-letters/{id}/retry` and `POST /v1/admin/dead-letters/retry`.

use std::time::{Duration, Instant};

use actix_web::post;
use actix_web::web::{Data, Json, Path};
use serde::Serialize;
use store::jobs::{self, Wanted};
use switchyard_core::{JobId, Timestamp};
use utoipa::ToSchema;

use super::RetryDeadLettersRequest;
use crate::api::State;
use crate::caller::{Allowed, PlatformOperate};
use crate::input::Body;
use crate::problem::Problem;

/// Dead letters of one transaction: it bounds how long others wait for it.
const BATCH: u32 = 200;
/// After so long a request answers with what it has done; the rest is asked for again.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many live again.
#[derive(Serialize, ToSchema)]
pub(crate) struct Retried {
    /// Dead letters that wait to be tried again.
    retried: u64,
    /// More are left that the filter asks for: ask again.
    left: bool,
}

/// Lets a dead letter live again, with all its attempts. Where a job with the same purpose waits already, that one does
/// its work.
#[utoipa::path(
    tag = "admin",
    security(("bearer" = ["platform:operate"]), ("cookie" = [])),
    params(("id" = String, Path, description = "`job_…`")),
    responses((status = 200, body = Retried)),
)]
#[post("/v1/admin/dead-letters/{id}/retry")]
pub(crate) async fn retry_dead_letter(
    caller: Allowed<PlatformOperate>,
    state: Data<State>,
    id: Path<JobId>,
) -> Result<Json<Retried>, Problem> {
    let (now, by, home) = (Timestamp::now(), caller.0.operates(), caller.0.business);
    if jobs::retry(&state.store, now, by, home, *id).await? {
        Ok(Json(Retried {
            retried: 1,
            left: false,
        }))
    } else {
        Err(Problem::not_found())
    }
}

/// Lets all dead letters live again that the filter asks for, newest first; without a filter, all there are. Goes on for
/// five seconds at most, and then says whether any are left.
#[utoipa::path(
    request_body = RetryDeadLettersRequest,
    tag = "admin",
    security(("bearer" = ["platform:operate"]), ("cookie" = [])),
    responses((status = 200, body = Retried)),
)]
#[post("/v1/admin/dead-letters/retry")]
pub(crate) async fn retry_dead_letters(
    caller: Allowed<PlatformOperate>,
    state: Data<State>,
    body: Body<RetryDeadLettersRequest>,
) -> Result<Json<Retried>, Problem> {
    let now = Timestamp::now();
    let mut wanted = Wanted::try_from(body.into_inner())?;
    // What dies again meanwhile is another matter.
    wanted.until = Some(wanted.until.map_or(now, |until| until.min(now)));
    let begun = Instant::now();
    let mut retried = 0_u64;
    loop {
        let (by, home) = (caller.0.operates(), caller.0.business);
        let batch = jobs::retry_some(&state.store, now, by, home, &wanted, BATCH).await?;
        retried = retried.saturating_add(batch.0);
        if !batch.1 || begun.elapsed() > PATIENCE {
            return Ok(Json(Retried {
                retried,
                left: batch.1,
            }));
        }
    }
}
