//! People on WhatsApp, as the business knows them.

use utoipa_actix_web::service_config::ServiceConfig;

mod get;
mod list;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list::list_contacts)
        .service(get::get_contact);
}
