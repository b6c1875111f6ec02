//! The phone numbers that take calls.

use serde::Serialize;
use store::calls::CallNumber;
use switchyard_core::provider::{self, TOLD};
use switchyard_core::{BusinessId, CallNumberId, Timestamp};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::api::State;

mod add;
mod list;
mod remove;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list::list_call_numbers)
        .service(add::add_call_number)
        .service(remove::remove_call_number);
}

/// A phone number that takes calls.
#[derive(Serialize, ToSchema)]
#[schema(as = CallNumber)]
pub(crate) struct CallNumberObject {
    /// `num_…`
    #[schema(value_type = String)]
    id: CallNumberId,
    /// The number, `+E.164`.
    phone: String,
    /// What people call it.
    name: String,
    /// What is set for it at the telephone company, so that its calls come here.
    webhooks: CallWebhooksObject,
    /// Since when it takes calls.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// The addresses of a number's calls, in Twilio's words.
#[derive(Serialize, ToSchema)]
#[schema(as = CallWebhooks)]
pub(crate) struct CallWebhooksObject {
    /// "A call comes in": what the caller hears.
    voice: String,
    /// "Primary handler fails": what a caller hears when the first gives no answer.
    fallback: String,
    /// "Call status changes": without it nobody is told that a caller hung up.
    status: String,
}

impl CallNumberObject {
    pub(crate) fn of(number: CallNumber, business: BusinessId, state: &State) -> Self {
        let at = |route| provider::address(&state.calls_base_url, business, route);
        Self {
            id: number.id,
            phone: number.phone.e164(),
            name: number.name,
            webhooks: CallWebhooksObject {
                voice: at("voice"),
                fallback: at("fallback"),
                status: format!("{}{TOLD}", at("status")),
            },
            created_at: number.created_at,
        }
    }
}
