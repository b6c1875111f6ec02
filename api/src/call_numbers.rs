//! The phone numbers that take calls.

use serde::Serialize;
use store::calls::CallNumber;
use switchyard_core::{CallNumberId, Timestamp};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

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
    /// Since when it takes calls.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<CallNumber> for CallNumberObject {
    fn from(number: CallNumber) -> Self {
        Self {
            id: number.id,
            phone: number.phone.e164(),
            name: number.name,
            created_at: number.created_at,
        }
    }
}
