//! Faults: switch them on and off, see how often they happened.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use serde_json::{Value, json};

use super::{Refusal, Shared};
use crate::faults::Fault;
use crate::strike;

/// `POST /network/faults`.
pub(crate) async fn add(shared: Data<Shared>, fault: Json<Fault>) -> Result<HttpResponse, Refusal> {
    let mut fault = fault.into_inner();
    if let Some(phone) = &fault.phone {
        let digits = phone.strip_prefix('+').unwrap_or(phone);
        fault.phone = Some(digits.to_owned());
    }
    let kind = fault.kind;
    let id = shared.world.faults.add(fault);
    strike::at_once(&shared.world, kind);
    Ok(HttpResponse::Created().json(json!({ "id": id })))
}

/// `GET /network/faults`.
pub(crate) async fn list(shared: Data<Shared>) -> Json<Value> {
    Json(json!({ "data": shared.world.faults.list() }))
}

/// `DELETE /network/faults`.
pub(crate) async fn clear(shared: Data<Shared>) -> HttpResponse {
    shared.world.faults.remove(None);
    HttpResponse::NoContent().finish()
}

/// `DELETE /network/faults/{id}`.
pub(crate) async fn remove(shared: Data<Shared>, path: Path<u64>) -> Result<HttpResponse, Refusal> {
    if !shared.world.faults.remove(Some(*path)) {
        return Err(Refusal::missing("there is no such fault"));
    }
    Ok(HttpResponse::NoContent().finish())
}
