//! `GET /v1/chats/{id}/messages`.

use actix_web::get;
use actix_web::web::{Data, Json, Path, Query};
use serde::Deserialize;
use switchyard_core::ChatId;
use switchyard_core::object::MessageObject;

use crate::api::State;
use crate::caller::{Allowed, MessagesRead};
use crate::page::{self, List};
use crate::problem::Problem;

/// Which messages.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListMessagesQuery {
    /// `next_cursor` of the page before: the messages that are older.
    cursor: Option<String>,
    /// Rows of a page, 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// The messages of a conversation, newest first.
#[utoipa::path(
    tag = "chats",
    security(("bearer" = ["messages:read"]), ("cookie" = [])),
    params(("id" = String, Path, description = "`chat_…`"), ListMessagesQuery),
    responses((status = 200, body = List<MessageObject>)),
)]
#[get("/v1/chats/{id}/messages")]
pub(crate) async fn list_chat_messages(
    caller: Allowed<MessagesRead>,
    state: Data<State>,
    id: Path<ChatId>,
    query: Query<ListMessagesQuery>,
) -> Result<Json<List<MessageObject>>, Problem> {
    let business = caller.0.business;
    let limit = page::limit(query.limit)?;
    let before = query.cursor.as_deref().map(position).transpose()?;
    let chat = store::chats::get(&state.store, business, *id).await?;
    chat.ok_or_else(Problem::not_found)?;
    let data = store::messages::of_chat(&state.store, business, *id, before, limit).await?;
    let is_full = u32::try_from(data.len()).is_ok_and(|rows| rows == limit);
    let oldest = data.last().filter(|_| is_full);
    let next_cursor = oldest.map(|message| message.position.to_string());
    Ok(Json(List { data, next_cursor }))
}

/// The cursor of a chat is a position in it.
fn position(cursor: &str) -> Result<i64, Problem> {
    cursor
        .parse()
        .map_err(|_not_a_number| Problem::invalid("the cursor cannot be read"))
}
