//! The network itself: what happened, and the key that vouches for it.

use std::fmt::Write as _;

use actix_web::web::{Data, Json, Query};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Shared;
use crate::log::Happening;

/// Which lines of the log.
#[derive(Deserialize)]
pub(crate) struct Which {
    #[serde(default)]
    after: u64,
    kind: Option<Happening>,
}

/// `GET /network`: how it was started, and which connections offer codes now.
pub(crate) async fn show(shared: Data<Shared>) -> Json<Value> {
    let world = &shared.world;
    Json(json!({
        "strict": world.strict,
        "qr_scale": world.qr_scale,
        "phones": world.phones().len(),
        "waiting": world.offers.sockets(),
    }))
}

/// `GET /network/log`.
pub(crate) async fn log(shared: Data<Shared>, which: Query<Which>) -> Json<Value> {
    Json(json!({ "data": shared.world.log.after(which.after, which.kind) }))
}

/// `GET /network/root`.
pub(crate) async fn root(shared: Data<Shared>) -> Json<Value> {
    let mut hex = String::new();
    for byte in shared.world.keys.root_public() {
        // Writing to a string cannot fail.
        if write!(hex, "{byte:02x}").is_err() {
            break;
        }
    }
    Json(json!({ "public_key": hex }))
}
