//! `GET /v1/chats/{id}`.

use actix_web::get;
use actix_web::web::{Data, Json, Path};
use switchyard_core::ChatId;
use switchyard_core::object::ChatObject;

use crate::api::State;
use crate::caller::{Allowed, MessagesRead};
use crate::problem::Problem;

/// One conversation.
#[utoipa::path(
    tag = "chats",
    security(("bearer" = ["messages:read"]), ("cookie" = [])),
    params(("id" = String, Path, description = "`chat_…`")),
    responses((status = 200, body = ChatObject)),
)]
#[get("/v1/chats/{id}")]
pub(crate) async fn get_chat(
    caller: Allowed<MessagesRead>,
    state: Data<State>,
    id: Path<ChatId>,
) -> Result<Json<ChatObject>, Problem> {
    let chat = store::chats::get(&state.store, caller.0.business, *id).await?;
    chat.map(Json).ok_or_else(Problem::not_found)
}
