//! Phone calls: a list, one with its steps, what was recorded, asking for one, and ending one.

use utoipa_actix_web::service_config::ServiceConfig;

mod get;
mod hang_up;
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
        .service(hang_up::hang_up_call)
        .service(recording::play_recording);
}
