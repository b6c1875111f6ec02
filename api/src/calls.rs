//! Phone calls as they are read: a list, one with its steps, and what was recorded.

use utoipa_actix_web::service_config::ServiceConfig;

mod get;
mod list;
mod load;
mod recording;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list::list_calls)
        .service(load::call_load)
        .service(get::get_call)
        .service(recording::play_recording);
}
