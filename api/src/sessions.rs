//! WhatsApp numbers: made, linked by QR, stopped, removed.

use store::sessions::Session;
use switchyard_core::account;
use switchyard_core::object::SessionObject;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::caller::Caller;
use crate::problem::Problem;

mod connect;
mod create;
mod delete;
mod disconnect;
mod get;
mod list;
mod logout;
mod qr;
mod rename;
mod restart;
mod want;
mod watch;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list::list_sessions)
        .service(create::create_session)
        .service(get::get_session)
        .service(rename::rename_session)
        .service(delete::delete_session)
        .service(connect::connect_session)
        .service(disconnect::disconnect_session)
        .service(restart::restart_session)
        .service(logout::logout_session)
        .service(qr::session_qr);
}

/// A session's name as it is kept.
fn parse_name(text: &str) -> Result<String, Problem> {
    account::parse_name(text).ok_or_else(|| Problem::invalid("name has 1 to 100 characters"))
}

/// A session as this caller may see it: which shard holds it is for operators.
fn shown(caller: &Caller, session: &Session) -> SessionObject {
    if caller.is_operator() {
        session.object_with_shard()
    } else {
        session.object()
    }
}
