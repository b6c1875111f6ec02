//! Messages: accepted for sending, and read one by one.

use utoipa_actix_web::service_config::ServiceConfig;

mod get;
mod send;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(send::send_message).service(get::get_message);
}
