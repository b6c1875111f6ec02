//! `GET /v1/chats`.

use actix_web::get;
use actix_web::web::{Data, Json, Query};
use serde::Deserialize;
use store::chats::ChatQuery;
use switchyard_core::SessionId;
use switchyard_core::object::ChatObject;

use crate::api::State;
use crate::caller::{Allowed, MessagesRead};
use crate::page::{self, List};
use crate::problem::Problem;

/// Which chats.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListChatsQuery {
    /// Part of a name, a number or a message.
    #[param(max_length = 200)]
    q: Option<String>,
    /// Of this number alone, `ses_…`.
    #[param(value_type = Option<String>)]
    session_id: Option<SessionId>,
    /// Those with unread messages alone.
    unread: Option<bool>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Conversations, the one with the newest message first.
#[utoipa::path(
    tag = "chats",
    security(("bearer" = ["messages:read"]), ("cookie" = [])),
    params(ListChatsQuery),
    responses((status = 200, body = List<ChatObject>)),
)]
#[get("/v1/chats")]
pub(crate) async fn list_chats(
    caller: Allowed<MessagesRead>,
    state: Data<State>,
    query: Query<ListChatsQuery>,
) -> Result<Json<List<ChatObject>>, Problem> {
    let query = query.into_inner();
    let query = ChatQuery {
        q: page::search(query.q)?,
        session: query.session_id,
        unread: query.unread.unwrap_or(false),
        cursor: query.cursor,
        limit: page::limit(query.limit)?,
    };
    let page = store::chats::list(&state.store, caller.0.business, query).await?;
    Ok(Json(page.into()))
}
