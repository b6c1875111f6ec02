//! Calls: place one, be the person on the line, see what happened.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Refusal, Shared};
use crate::carrier::call::{Call, Input};
use crate::carrier::load::{self, Storm};
use crate::carrier::people::Script;

/// How many calls a list shows at most.
const LISTED: usize = 1_000;

/// The longest thing that is said at once, in characters.
const SPEECH: usize = 2_000;

/// A call to place.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCall {
    from: String,
    to: String,
    /// What the caller does, one step a line.
    #[serde(default)]
    script: String,
}

/// A storm of calls to begin.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewStorm {
    to: Vec<String>,
    per_second: f64,
    seconds: u64,
    /// What each caller does, one step a line.
    #[serde(default)]
    script: String,
}

/// Digits to press.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Digits {
    digits: String,
}

/// Words to say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Speech {
    text: String,
    confidence: Option<f64>,
}

/// Which calls.
#[derive(Deserialize)]
pub(crate) struct Which {
    #[serde(default)]
    live: bool,
    phone: Option<String>,
}

/// From which place of the ledger on.
#[derive(Deserialize)]
pub(crate) struct After {
    #[serde(default)]
    after: usize,
}

fn call(shared: &Shared, sid: &str) -> Result<Arc<Call>, Refusal> {
    shared
        .world
        .carrier
        .calls
        .get(sid)
        .ok_or_else(|| Refusal::missing("there is no such call"))
}

/// `POST /calls`.
pub(crate) async fn place(
    shared: Data<Shared>,
    new: Json<NewCall>,
) -> Result<HttpResponse, Refusal> {
    let script = Script::parse(&new.script)?;
    let call = shared.world.carrier.dial(&new.from, &new.to, script)?;
    Ok(HttpResponse::Created().json(call.describe()))
}

/// `GET /calls`: the latest first.
pub(crate) async fn list(shared: Data<Shared>, which: Query<Which>) -> Json<Value> {
    let wanted = |call: &Call| {
        (!which.live || !call.status().is_final())
            && which
                .phone
                .as_ref()
                .is_none_or(|phone| call.parties.from == *phone || call.parties.to == *phone)
    };
    let calls = shared.world.carrier.calls.latest(0, LISTED, wanted);
    let calls: Vec<Value> = calls.iter().map(|call| call.describe()).collect();
    Json(json!({ "data": calls }))
}

/// `GET /calls/{sid}`.
pub(crate) async fn show(shared: Data<Shared>, sid: Path<String>) -> Result<Json<Value>, Refusal> {
    Ok(Json(call(&shared, &sid)?.describe()))
}

/// `GET /calls/{sid}/ledger`.
pub(crate) async fn ledger(
    shared: Data<Shared>,
    sid: Path<String>,
    after: Query<After>,
) -> Result<Json<Value>, Refusal> {
    let call = call(&shared, &sid)?;
    Ok(Json(json!({ "data": call.journal.after(after.after) })))
}

/// `POST /calls/{sid}/hangup`.
pub(crate) async fn hang_up(
    shared: Data<Shared>,
    sid: Path<String>,
) -> Result<HttpResponse, Refusal> {
    tell(&*call(&shared, &sid)?, [Input::HangUp])
}

/// `POST /calls/{sid}/answer`: the person who is called picks up.
pub(crate) async fn pick_up(
    shared: Data<Shared>,
    sid: Path<String>,
) -> Result<HttpResponse, Refusal> {
    tell(&*call(&shared, &sid)?, [Input::PickUp])
}

/// `POST /calls/{sid}/decline`: the person who is called does not want to.
pub(crate) async fn decline(
    shared: Data<Shared>,
    sid: Path<String>,
) -> Result<HttpResponse, Refusal> {
    tell(&*call(&shared, &sid)?, [Input::Decline])
}

/// `POST /calls/{sid}/digits`.
pub(crate) async fn press(
    shared: Data<Shared>,
    sid: Path<String>,
    digits: Json<Digits>,
) -> Result<HttpResponse, Refusal> {
    let digits = &digits.digits;
    if digits.is_empty() || digits.len() > 50 || !digits.chars().all(is_key) {
        return Err(Refusal::invalid("digits are 1 to 50 of 0123456789*#"));
    }
    tell(&*call(&shared, &sid)?, digits.chars().map(Input::Digit))
}

/// `POST /calls/{sid}/speak`.
pub(crate) async fn speak(
    shared: Data<Shared>,
    sid: Path<String>,
    speech: Json<Speech>,
) -> Result<HttpResponse, Refusal> {
    let speech = speech.into_inner();
    let confidence = speech.confidence.unwrap_or(0.9);
    if speech.text.trim().is_empty() || speech.text.chars().count() > SPEECH {
        return Err(Refusal::invalid("a text has 1 to 2,000 characters"));
    }
    if !(0.0..=1.0).contains(&confidence) {
        return Err(Refusal::invalid("a confidence is between 0 and 1"));
    }
    tell(
        &*call(&shared, &sid)?,
        [Input::Speech(speech.text, confidence)],
    )
}

/// `POST /calls/load`: a storm of calls; `GET /calls/stats` tells what becomes of it.
pub(crate) async fn load(
    shared: Data<Shared>,
    new: Json<NewStorm>,
) -> Result<HttpResponse, Refusal> {
    let new = new.into_inner();
    let storm = Storm {
        to: new.to,
        per_second: new.per_second,
        seconds: new.seconds,
        script: Script::parse(&new.script)?,
    };
    load::begin(&shared.world.carrier, storm)?;
    Ok(HttpResponse::Accepted().json(shared.world.carrier.weather.describe()))
}

/// `GET /calls/stats`.
pub(crate) async fn stats(shared: Data<Shared>) -> Json<Value> {
    let mut stats = shared.world.carrier.admissions.stats();
    if let Value::Object(stats) = &mut stats {
        stats.insert("load".to_owned(), shared.world.carrier.weather.describe());
    }
    Json(stats)
}

/// `DELETE /calls/stats`: the peak and the times begin anew.
pub(crate) async fn reset(shared: Data<Shared>) -> HttpResponse {
    shared.world.carrier.admissions.reset();
    HttpResponse::NoContent().finish()
}

fn is_key(key: char) -> bool {
    "0123456789*#".contains(key)
}

fn tell(call: &Call, inputs: impl IntoIterator<Item = Input>) -> Result<HttpResponse, Refusal> {
    for input in inputs {
        if !call.tell(input) {
            return Err(Refusal::conflict("the call has ended or does not listen"));
        }
    }
    Ok(HttpResponse::NoContent().finish())
}
