//! `IncomingPhoneNumbers`: numbers and the addresses that are asked.

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::super::Shared;
use super::credentials::Form;
use super::{Caller, Failure, suffer};
use crate::carrier::exchange::{Number, Settings};

fn describe(number: &Number) -> Value {
    let account = &number.account;
    json!({
        "sid": number.sid,
        "account_sid": account,
        "phone_number": number.phone,
        "friendly_name": number.phone,
        "voice_url": number.voice_url,
        "voice_method": "POST",
        "voice_fallback_url": number.fallback_url,
        "voice_fallback_method": "POST",
        "status_callback": number.status_url,
        "status_callback_method": "POST",
        "capabilities": { "voice": true, "sms": false, "mms": false },
        "uri": format!("/2010-04-01/Accounts/{account}/IncomingPhoneNumbers/{}.json", number.sid),
    })
}

fn own(shared: &Shared, caller: &Caller) -> Vec<Number> {
    let numbers = shared.world.carrier.exchange.numbers();
    let own = |number: &Number| number.account == caller.account.sid;
    numbers.into_iter().filter(own).collect()
}

fn find(shared: &Shared, caller: &Caller, sid: &str) -> Result<Number, Failure> {
    let mut numbers = own(shared, caller).into_iter();
    numbers
        .find(|number| number.sid == sid)
        .ok_or_else(Failure::missing)
}

async fn put(
    shared: &Shared,
    caller: &Caller,
    phone: &str,
    form: &Form,
) -> Result<Number, Failure> {
    for method in ["VoiceMethod", "VoiceFallbackMethod", "StatusCallbackMethod"] {
        if form.get(method).is_some_and(|method| method != "POST") {
            return Err(Failure::invalid(21403, "Numbers are asked by POST here"));
        }
    }
    let text = |name: &str| form.get(name).map(str::to_owned);
    let settings = Settings {
        voice: text("VoiceUrl"),
        fallback: text("VoiceFallbackUrl"),
        status: text("StatusCallback"),
    };
    let exchange = &shared.world.carrier.exchange;
    let number = exchange
        .put_number(phone, &caller.account.sid, settings)
        .map_err(|error| Failure::invalid(21502, error.to_string()))?;
    let kept = shared.keep(number.row()).await;
    kept.map_err(|error| {
        Failure::new(StatusCode::INTERNAL_SERVER_ERROR, 20500, error.to_string())
    })?;
    Ok(number)
}

/// `GET IncomingPhoneNumbers.json`.
pub(super) async fn list(
    shared: Data<Shared>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    suffer(&shared).await?;
    let caller = Caller::of(&shared, &request)?;
    let form = Form::parse(request.query_string().as_bytes())?;
    let wanted = form.get("PhoneNumber");
    let numbers = own(&shared, &caller);
    let numbers: Vec<Value> = numbers
        .iter()
        .filter(|number| wanted.is_none_or(|wanted| number.phone == wanted))
        .map(describe)
        .collect();
    Ok(HttpResponse::Ok().json(json!({
        "incoming_phone_numbers": numbers, "page": 0, "page_size": numbers.len(), "next_page_uri": null
    })))
}

/// `POST IncomingPhoneNumbers.json`.
pub(super) async fn create(
    shared: Data<Shared>,
    request: HttpRequest,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    suffer(&shared).await?;
    let caller = Caller::of(&shared, &request)?;
    let form = Form::of(&body)?;
    let phone = form.get("PhoneNumber").unwrap_or_default();
    if shared.world.carrier.exchange.number(phone).is_some() {
        return Err(Failure::invalid(21422, "The number is taken"));
    }
    let number = put(&shared, &caller, phone, &form).await?;
    Ok(HttpResponse::Created().json(describe(&number)))
}

/// `GET IncomingPhoneNumbers/{PN}.json`.
pub(super) async fn show(
    shared: Data<Shared>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Failure> {
    suffer(&shared).await?;
    let caller = Caller::of(&shared, &request)?;
    Ok(HttpResponse::Ok().json(describe(&find(&shared, &caller, &path.1)?)))
}

/// `POST IncomingPhoneNumbers/{PN}.json`.
pub(super) async fn change(
    shared: Data<Shared>,
    request: HttpRequest,
    path: Path<(String, String)>,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    suffer(&shared).await?;
    let caller = Caller::of(&shared, &request)?;
    let number = find(&shared, &caller, &path.1)?;
    let number = put(&shared, &caller, &number.phone, &Form::of(&body)?).await?;
    Ok(HttpResponse::Ok().json(describe(&number)))
}
