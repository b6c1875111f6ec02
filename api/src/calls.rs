//! Phone calls: a list, one with its steps, what was recorded, and asking for one.

use utoipa_actix_web::service_config::ServiceConfig;

mod get;
mod list;
mod load;
mod place;
mod recording;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list::list_calls)
        .service(place::place_call)
        .service(load::call_load)
        .service(get::get_call)
        .service(recording::play_recording);
}
