//! `POST /v1/chats/{id}/read`.

use actix_web::post;
use actix_web::web::{Data, Json, Path};
use switchyard_core::object::ChatObject;
use switchyard_core::{ChatId, Timestamp};

use crate::api::State;
use crate::caller::{Allowed, MessagesWrite};
use crate::problem::Problem;

/// Marks a conversation read, here and on WhatsApp.
#[utoipa::path(
    tag = "chats",
    security(("bearer" = ["messages:write"]), ("cookie" = [])),
    params(("id" = String, Path, description = "`chat_…`")),
    responses((status = 200, body = ChatObject)),
)]
#[post("/v1/chats/{id}/read")]
pub(crate) async fn read_chat(
    caller: Allowed<MessagesWrite>,
    state: Data<State>,
    id: Path<ChatId>,
) -> Result<Json<ChatObject>, Problem> {
    let (now, business) = (Timestamp::now(), caller.0.business);
    let chat = store::chats::mark_read(&state.store, now, business, *id).await?;
    chat.map(Json).ok_or_else(Problem::not_found)
}
