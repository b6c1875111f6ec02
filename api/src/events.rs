//! What happened in a business, in order: by cursor, and as a live stream that resumes.

use utoipa_actix_web::service_config::ServiceConfig;

mod feed;
mod list;
pub(crate) mod slots;
mod stream;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(stream::stream_events)
        .service(list::list_events);
}
