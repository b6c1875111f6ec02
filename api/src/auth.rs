//! Signing in and out: the first run, password, single-use link, renewal of the access token.

use utoipa_actix_web::service_config::ServiceConfig;

pub(crate) mod attempt;
mod invitation;
mod link;
mod login;
mod logout;
mod open;
mod refresh;
mod setup;
pub(crate) mod signed_in;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(open::setup_is_open)
        .service(setup::setup)
        .service(login::login)
        .service(link::link)
        .service(invitation::show_invitation)
        .service(invitation::accept_invitation)
        .service(refresh::refresh)
        .service(logout::logout);
}
