//! Phones: make one, scan with it, write on it, see what it shows.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Refusal, Shared};
use crate::effects::Effects;
use crate::jids::{Addressing, is_digits};
use crate::phone::SharedPhone;
use crate::{links, receipts, scan, typing};

/// How long a scan waits for the device to sign.
const SCAN: Duration = Duration::from_secs(10);

/// The longest name and text, in characters; WhatsApp allows 65,536 for a text.
const NAME: usize = 100;
const TEXT: usize = 65_536;

/// A new phone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPhone {
    phone: String,
    name: String,
    #[serde(default)]
    addressing: Addressing,
}

/// What to change about a phone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    addressing: Option<Addressing>,
    name: Option<String>,
}

/// A code to scan.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Code {
    qr: String,
}

/// A text to write.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMessage {
    to: String,
    text: String,
}

/// A chat that is opened and read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chat {
    chat: String,
}

/// From which place of the ledger on.
#[derive(Deserialize)]
pub(crate) struct After {
    #[serde(default)]
    after: u64,
}

/// Digits of a number that is written with or without a plus.
fn digits(text: &str) -> Result<&str, Refusal> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if is_digits(digits) && digits.len() <= 15 {
        return Ok(digits);
    }
    Err(Refusal::invalid(
        "a phone is up to fifteen digits, with or without a plus",
    ))
}

fn phone(shared: &Shared, text: &str) -> Result<SharedPhone, Refusal> {
    shared
        .world
        .phone(digits(text)?)
        .ok_or_else(|| Refusal::missing("there is no such phone"))
}

fn check_name(name: &str) -> Result<(), Refusal> {
    if name.trim().is_empty() || name.chars().count() > NAME {
        return Err(Refusal::invalid("a name has up to 100 characters"));
    }
    Ok(())
}

/// `POST /phones`.
pub(crate) async fn create(
    shared: Data<Shared>,
    new: Json<NewPhone>,
) -> Result<HttpResponse, Refusal> {
    check_name(&new.name)?;
    let mut effects = Effects::default();
    let (done, kept) = oneshot::channel();
    effects.tell(done);
    let made =
        shared
            .world
            .add_phone(digits(&new.phone)?, &new.name, new.addressing, &mut effects)?;
    let made = made.ok_or_else(|| Refusal::conflict("there is such a phone already"))?;
    shared.world.disk.commit(effects);
    wait(kept).await?;
    Ok(HttpResponse::Created().json(describe(&made)))
}

/// Waits until something is kept.
async fn wait(kept: oneshot::Receiver<()>) -> Result<(), Refusal> {
    kept.await
        .map_err(|_closed| anyhow::anyhow!("it could not be kept").into())
}

/// `GET /phones`.
pub(crate) async fn list(shared: Data<Shared>) -> Json<Value> {
    let phones: Vec<Value> = shared.world.phones().iter().map(describe).collect();
    Json(json!({ "data": phones }))
}

fn describe(phone: &SharedPhone) -> Value {
    phone.read(|state| {
        let devices: Vec<Value> = state
            .companions
            .values()
            .map(|companion| {
                json!({
                    "device": companion.kept.device,
                    "connected": companion.socket.is_some(),
                    "linked_at": companion.kept.linked_at,
                    "waiting": companion.queue.len(),
                })
            })
            .collect();
        json!({
            "phone": phone.phone,
            "lid": phone.lid,
            "name": state.name,
            "addressing": state.addressing,
            "changes": state.changes,
            "messages": state.ledger.len(),
            "devices": devices,
        })
    })
}

/// `PATCH /phones/{phone}`: another name, or another way to be addressed; a hidden number is
/// revealed by changing it to `lid_pn`.
pub(crate) async fn change(
    shared: Data<Shared>,
    path: Path<String>,
    change: Json<Change>,
) -> Result<Json<Value>, Refusal> {
    let phone = phone(&shared, &path)?;
    if let Some(name) = &change.name {
        check_name(name)?;
    }
    let (done, kept) = oneshot::channel();
    phone.with(&shared.world.disk, |state, effects| {
        if let Some(addressing) = change.addressing {
            state.addressing = addressing;
        }
        if let Some(name) = &change.name {
            state.name.clone_from(name);
        }
        effects.rows.push(state.row());
        effects.tell(done);
    });
    wait(kept).await?;
    Ok(Json(describe(&phone)))
}

/// `POST /phones/{phone}/scan`.
pub(crate) async fn scan(
    shared: Data<Shared>,
    path: Path<String>,
    code: Json<Code>,
) -> Result<Json<Value>, Refusal> {
    let phone = phone(&shared, &path)?;
    let answer = scan::scan(&shared.world, &phone, &code.qr).map_err(Refusal::conflict)?;
    match timeout(SCAN, answer).await {
        Ok(Ok(Ok(device))) => Ok(Json(json!({ "device": device }))),
        Ok(Ok(Err(why))) => Err(Refusal::conflict(why)),
        Ok(Err(_)) | Err(_) => Err(Refusal::conflict("the device did not answer")),
    }
}

/// `POST /phones/{phone}/messages`.
pub(crate) async fn write(
    shared: Data<Shared>,
    path: Path<String>,
    new: Json<NewMessage>,
) -> Result<HttpResponse, Refusal> {
    let from = phone(&shared, &path)?;
    let to = phone(&shared, &new.to)?;
    if new.text.is_empty() || new.text.chars().count() > TEXT {
        return Err(Refusal::invalid("a text has 1 to 65,536 characters"));
    }
    let (id, kept) = typing::write(&shared.world, &from, &to, &new.text)?;
    wait(kept).await?;
    Ok(HttpResponse::Created().json(json!({ "id": id })))
}

/// `GET /phones/{phone}/messages`.
pub(crate) async fn messages(
    shared: Data<Shared>,
    path: Path<String>,
    query: Query<After>,
) -> Result<Json<Value>, Refusal> {
    let phone = phone(&shared, &path)?;
    let entries = phone.read(|state| state.ledger.after(query.after));
    Ok(Json(json!({ "data": entries })))
}

/// `POST /phones/{phone}/read`: everything of that chat is read.
pub(crate) async fn read(
    shared: Data<Shared>,
    path: Path<String>,
    chat: Json<Chat>,
) -> Result<Json<Value>, Refusal> {
    let phone = phone(&shared, &path)?;
    let other = self::phone(&shared, &chat.chat)?;
    let ids = phone.read(|state| state.ledger.unread(&phone.phone, &other.phone));
    let borrowed: Vec<&str> = ids.iter().map(String::as_str).collect();
    for some in borrowed.chunks(receipts::LISTED) {
        receipts::seen(&shared.world, &phone, 0, &other, some);
        receipts::tell(&shared.world, &other, &phone.names(), some, Some("read"));
    }
    let (done, kept) = oneshot::channel();
    let mut effects = Effects::default();
    effects.tell(done);
    shared.world.disk.commit(effects);
    wait(kept).await?;
    Ok(Json(json!({ "read": ids.len() })))
}

/// `DELETE /phones/{phone}/devices/{device}`.
pub(crate) async fn unlink(
    shared: Data<Shared>,
    path: Path<(String, u16)>,
) -> Result<HttpResponse, Refusal> {
    let (text, device) = path.into_inner();
    if !links::unlink(&shared.world, digits(&text)?, device) {
        return Err(Refusal::missing("there is no such device"));
    }
    Ok(HttpResponse::NoContent().finish())
}
