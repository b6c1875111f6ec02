//! `GET` and `PUT /v1/call-flow`: what callers hear and who is rung.

use actix_web::web::{Data, Json};
use actix_web::{get, put};
use serde::{Deserialize, Serialize};
use store::calls::{self, Put, StoredFlow};
use switchyard_core::Timestamp;
use switchyard_core::flow::CallFlow;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::api::State;
use crate::caller::{Allowed, CallsRead, CallsWrite};
use crate::input::Body;
use crate::problem::Problem;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(get_call_flow).service(put_call_flow);
}

/// A call flow and its number.
#[derive(Serialize, ToSchema)]
pub(crate) struct FlowInForce {
    /// Its number, which grows with every change; 0 is what every business begins with.
    version: i64,
    /// Since when it is in force; `null` of version 0.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// The flow.
    flow: CallFlow,
}

impl From<StoredFlow> for FlowInForce {
    fn from(stored: StoredFlow) -> Self {
        Self {
            version: stored.version,
            since: stored.since,
            flow: stored.flow,
        }
    }
}

/// What callers hear and who is rung. A business that never said anything takes messages at any time.
#[utoipa::path(
    tag = "calls",
    security(("bearer" = ["calls:read"]), ("cookie" = [])),
    responses((status = 200, body = FlowInForce)),
)]
#[get("/v1/call-flow")]
pub(crate) async fn get_call_flow(
    caller: Allowed<CallsRead>,
    state: Data<State>,
) -> Result<Json<FlowInForce>, Problem> {
    let flow = calls::flow(&state.store, caller.0.business).await?;
    Ok(Json(flow.into()))
}

/// Another flow in place of the one in force.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutCallFlowRequest {
    /// The version that it was made from.
    #[schema(minimum = 0)]
    version: i64,
    /// All of it anew.
    flow: CallFlow,
}

/// Puts a flow in force for the calls that begin from now on. With any fault none of it is kept: `invalid_flow` lists
/// every fault with its place.
#[utoipa::path(
    request_body = PutCallFlowRequest,
    tag = "calls",
    security(("bearer" = ["calls:write"]), ("cookie" = [])),
    responses((status = 200, body = FlowInForce)),
)]
#[put("/v1/call-flow")]
pub(crate) async fn put_call_flow(
    caller: Allowed<CallsWrite>,
    state: Data<State>,
    body: Body<PutCallFlowRequest>,
) -> Result<Json<FlowInForce>, Problem> {
    let PutCallFlowRequest { version, flow } = body.into_inner();
    let mut faults = flow.faults_of_host(&state.public_base_url);
    if !faults.is_empty() {
        faults.extend(flow.faults(&[]));
        return Err(Problem::faulty(faults));
    }
    let (now, by, business) = (Timestamp::now(), caller.0.acts(), caller.0.business);
    match calls::put_flow(&state.store, now, by, business, version, flow).await? {
        Put::Stored(stored) => Ok(Json((*stored).into())),
        Put::Faulty(faults) => Err(Problem::faulty(faults)),
    }
}
