//! The public HTTP server: every route under the edge, and what is not a route is a page of the dashboard.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::Method;
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use utoipa_actix_web::service_config::ServiceConfig as Described;

use crate::api::{Api, State};
use crate::edge::edge;
use crate::problem::Problem;
use crate::{
    admin, api_keys, audit, auth, business, call_flow, call_numbers, calls, chats, contacts,
    dashboard, docs, events, health, input, me, members, messages, openapi, reasons, sessions,
};

/// A client that sends its head more slowly than this is dropped.
const HEAD_LIMIT: Duration = Duration::from_secs(5);
/// Longer than the usual idle time of a proxy's pooled connection, so that the proxy closes first.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// What a graceful stop waits for, in seconds; the process as a whole has ten.
const STOP_LIMIT_S: u64 = 5;

/// Serves the API on this listener. Runs in any tokio runtime once it is polled, and handles no signals:
/// end it by the handle of the returned server.
pub fn serve(api: &Api, listener: TcpListener) -> io::Result<Server> {
    let state = Data::from(api.0.clone());
    let probe = Data::new(api.0.probe.clone());
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .app_data(probe.clone())
            .configure(input::configure)
            .configure(routes)
            .default_service(web::to(elsewhere))
            .wrap(Compress::default())
            .wrap(from_fn(edge))
    });
    let server = server
        .client_request_timeout(HEAD_LIMIT)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(STOP_LIMIT_S)
        // An event of a live stream does not wait until the one before is acknowledged.
        .tcp_nodelay(true)
        .disable_signals()
        // A client that closes its end is gone: its live stream is dropped at once, not at the next write.
        .h1_allow_half_closed(false)
        .listen(listener)?;
    Ok(server.run())
}

/// Every route, mounted.
fn routes(config: &mut ServiceConfig) {
    described(&mut Described::new(config));
    config.service(openapi::serve).configure(docs::routes);
}

/// Every route with its description.
pub(crate) fn described(config: &mut Described<'_>) {
    config
        .configure(auth::routes)
        .configure(me::routes)
        .configure(sessions::routes)
        .configure(messages::routes)
        .configure(chats::routes)
        .configure(contacts::routes)
        .configure(calls::routes)
        .configure(call_numbers::routes)
        .configure(call_flow::routes)
        .configure(events::routes)
        .configure(members::routes)
        .configure(api_keys::routes)
        .configure(business::routes)
        .configure(audit::routes)
        .configure(admin::routes)
        .configure(reasons::routes)
        .configure(health::routes);
}

/// What no route took: another method of a route, nothing at all, or a page.
async fn elsewhere(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Problem> {
    let path = request.path();
    if let Some(allow) = state.methods.of_path(path) {
        return Err(Problem::method_not_allowed(allow));
    }
    if path == "/v1" || path.starts_with("/v1/") {
        return Err(Problem::not_found());
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(Problem::method_not_allowed("GET, HEAD"));
    }
    dashboard::show(&request, &state)
}
