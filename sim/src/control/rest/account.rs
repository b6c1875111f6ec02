//! The account itself over REST.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::super::Shared;
use super::{Caller, Failure, suffer};

/// `GET Accounts/{AC}.json`: every account here is active.
pub(super) async fn show(
    shared: Data<Shared>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    suffer(&shared).await?;
    let caller = Caller::of(&shared, &request)?;
    let account = &caller.account.sid;
    Ok(HttpResponse::Ok().json(json!({
        "sid": account,
        "friendly_name": account,
        "status": "active",
        "type": "Full",
        "uri": format!("/2010-04-01/Accounts/{account}.json"),
    })))
}
