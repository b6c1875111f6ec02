//! What operators of the platform do: every act is noted in the audit log of the business that it is done to, or of
//! those that its person works in.

use utoipa_actix_web::service_config::ServiceConfig;

mod audit;
mod businesses;
mod calls;
mod dead_letters;
mod queues;
mod shards;
mod users;

pub(crate) use queues::Depths;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .configure(businesses::routes)
        .configure(calls::routes)
        .configure(shards::routes)
        .configure(users::routes)
        .configure(queues::routes)
        .configure(dead_letters::routes)
        .configure(audit::routes);
}
