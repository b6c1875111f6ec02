//! `GET /v1/messages/{id}`.

use actix_web::get;
use actix_web::web::{Data, Json, Path};
use switchyard_core::MessageId;
use switchyard_core::object::MessageObject;

use crate::api::State;
use crate::caller::{Allowed, MessagesRead};
use crate::problem::Problem;

/// One message, with where it stands.
#[utoipa::path(
    tag = "messages",
    security(("bearer" = ["messages:read"]), ("cookie" = [])),
    params(("id" = String, Path, description = "`msg_…`")),
    responses((status = 200, body = MessageObject)),
)]
#[get("/v1/messages/{id}")]
pub(crate) async fn get_message(
    caller: Allowed<MessagesRead>,
    state: Data<State>,
    id: Path<MessageId>,
) -> Result<Json<MessageObject>, Problem> {
    let message = store::messages::get(&state.store, caller.0.business, *id).await?;
    message.map(Json).ok_or_else(Problem::not_found)
}
