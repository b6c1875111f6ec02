//! What operators of the platform do: every act is noted in the audit log of the business that it is done to.

use utoipa_actix_web::service_config::ServiceConfig;

mod audit;
mod businesses;
mod shards;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .configure(businesses::routes)
        .configure(shards::routes)
        .configure(audit::routes);
}
