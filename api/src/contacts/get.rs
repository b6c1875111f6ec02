//! `GET /v1/contacts/{id}`.

use actix_web::get;
use actix_web::web::{Data, Json, Path};
use switchyard_core::ContactId;
use switchyard_core::object::ContactObject;

use crate::api::State;
use crate::caller::{Allowed, ContactsRead};
use crate::problem::Problem;

/// One contact.
#[utoipa::path(
    tag = "contacts",
    security(("bearer" = ["contacts:read"]), ("cookie" = [])),
    params(("id" = String, Path, description = "`con_…`")),
    responses((status = 200, body = ContactObject)),
)]
#[get("/v1/contacts/{id}")]
pub(crate) async fn get_contact(
    caller: Allowed<ContactsRead>,
    state: Data<State>,
    id: Path<ContactId>,
) -> Result<Json<ContactObject>, Problem> {
    let contact = store::contacts::get(&state.store, caller.0.business, *id).await?;
    contact.map(Json).ok_or_else(Problem::not_found)
}
