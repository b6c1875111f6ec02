//! Twilio's REST interface, as far as a business needs it: the account, calls, recordings, numbers. Its paths, its JSON, its errors.

mod account;
mod calls;
mod credentials;
mod failure;
mod numbers;
mod recordings;

use actix_web::web::{self, Data};
use tokio::time::sleep;

use super::Shared;
use crate::faults::Kind;
use credentials::Caller;
use failure::Failure;

/// Adds its routes.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    let base = "/2010-04-01/Accounts/{account}";
    let at = |path: &str| format!("{base}/{path}");
    config
        .route(&format!("{base}.json"), web::get().to(account::show))
        .route(&at("Calls.json"), web::post().to(calls::create))
        .route(&at("Calls.json"), web::get().to(calls::list))
        .route(&at("Calls/{sid}.json"), web::get().to(calls::show))
        .route(&at("Calls/{sid}.json"), web::post().to(calls::change))
        .route(
            &at("Calls/{sid}/Recordings.json"),
            web::get().to(recordings::of_call),
        )
        .route(&at("Recordings.json"), web::get().to(recordings::list))
        .route(&at("Recordings/{sid}"), web::get().to(recordings::show))
        .route(
            &at("Recordings/{sid}"),
            web::delete().to(recordings::delete),
        )
        .route(
            &at("IncomingPhoneNumbers.json"),
            web::get().to(numbers::list),
        )
        .route(
            &at("IncomingPhoneNumbers.json"),
            web::post().to(numbers::create),
        )
        .route(
            &at("IncomingPhoneNumbers/{sid}.json"),
            web::get().to(numbers::show),
        )
        .route(
            &at("IncomingPhoneNumbers/{sid}.json"),
            web::post().to(numbers::change),
        );
}

/// Everything that goes wrong on purpose before a request is obeyed.
async fn suffer(shared: &Data<Shared>) -> Result<(), Failure> {
    let faults = &shared.world.faults;
    if let Some(slow) = faults.hit(Kind::RestSlow, None, None) {
        sleep(std::time::Duration::from_millis(slow.ms.unwrap_or(1_000))).await;
    }
    match faults.hit(Kind::RestError, None, None) {
        Some(fault) => Err(Failure::on_purpose(fault.code.unwrap_or(500))),
        None => Ok(()),
    }
}

/// Whether the answer to a request that was obeyed is lost on the way, on purpose. It may also be late.
async fn is_answer_lost(shared: &Shared) -> bool {
    if let Some(late) = shared.world.faults.hit(Kind::RestAnswerLate, None, None) {
        sleep(std::time::Duration::from_millis(late.ms.unwrap_or(1_000))).await;
    }
    shared
        .world
        .faults
        .hit(Kind::RestAnswerLost, None, None)
        .is_some()
}
