//! Customers of the telephone network: accounts, and numbers with the addresses that are asked; and its clock.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Refusal, Shared};
use crate::carrier::exchange::{Account, FIRST, Settings};
use crate::carrier::people::Callee;

/// A number to add or to change.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewNumber {
    phone: String,
    account: Option<String>,
    voice_url: Option<String>,
    fallback_url: Option<String>,
    status_url: Option<String>,
}

/// An account to add, or whose secrets to replace.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    sid: String,
    token: String,
    secondary: Option<String>,
}

/// What to change about the network.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    call_scale: Option<f64>,
    calls_per_second: Option<u64>,
}

/// What somebody does who is called.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Person {
    phone: String,
    does: String,
}

/// `PUT /carrier/people`: `{"phone": "+972…", "does": "answers after 6s, press 1"}`.
pub(crate) async fn put_person(
    shared: Data<Shared>,
    person: Json<Person>,
) -> Result<HttpResponse, Refusal> {
    let callee = Callee::parse(&person.does)?;
    shared.world.carrier.set_person(&person.phone, callee)?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /carrier/numbers`.
pub(crate) async fn put_number(
    shared: Data<Shared>,
    new: Json<NewNumber>,
) -> Result<HttpResponse, Refusal> {
    let exchange = &shared.world.carrier.exchange;
    let new = new.into_inner();
    let account = new.account.unwrap_or_else(|| FIRST.to_owned());
    let settings = Settings {
        voice: new.voice_url,
        fallback: new.fallback_url,
        status: new.status_url,
    };
    let number = exchange.put_number(&new.phone, &account, settings)?;
    shared.keep(number.row()).await?;
    Ok(HttpResponse::Created().json(number))
}

/// `GET /carrier/numbers`.
pub(crate) async fn numbers(shared: Data<Shared>) -> Json<Value> {
    Json(json!({ "data": shared.world.carrier.exchange.numbers() }))
}

/// `POST /carrier/accounts`.
pub(crate) async fn put_account(
    shared: Data<Shared>,
    new: Json<NewAccount>,
) -> Result<HttpResponse, Refusal> {
    let new = new.into_inner();
    let hex = new.sid.strip_prefix("AC").unwrap_or_default();
    if hex.len() != 32 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Refusal::invalid(
            "an account is AC and 32 hexadecimal digits",
        ));
    }
    if new.token.is_empty() || new.token.len() > 128 {
        return Err(Refusal::invalid("a token has 1 to 128 characters"));
    }
    let account = Account {
        sid: new.sid,
        token: new.token,
        secondary: new.secondary,
    };
    let account = shared.world.carrier.exchange.put_account(account)?;
    shared.keep(account.row()).await?;
    Ok(HttpResponse::Created().json(&*account))
}

/// `GET /carrier/accounts`: with their secrets, which are good for nothing but this network.
pub(crate) async fn accounts(shared: Data<Shared>) -> Json<Value> {
    let accounts = shared.world.carrier.exchange.accounts();
    let accounts: Vec<_> = accounts.iter().map(AsRef::as_ref).collect();
    Json(json!({ "data": accounts }))
}

/// `GET /carrier`.
pub(crate) async fn show(shared: Data<Shared>) -> Json<Value> {
    Json(json!({ "call_scale": shared.world.carrier.clock.scale() }))
}

/// `PATCH /carrier`: makes calls faster or slower.
pub(crate) async fn change(
    shared: Data<Shared>,
    change: Json<Change>,
) -> Result<Json<Value>, Refusal> {
    if let Some(scale) = change.call_scale {
        shared.world.carrier.clock.set(scale)?;
    }
    if let Some(per_second) = change.calls_per_second {
        shared.world.carrier.pace.set(per_second);
    }
    Ok(show(shared).await)
}
