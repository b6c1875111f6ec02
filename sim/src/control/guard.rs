//! Who may use the control API: programs on this machine, and the page itself. A page of the web
//! that a browser on this machine shows may not.

use std::net::{IpAddr, SocketAddr};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HOST, ORIGIN};
use actix_web::middleware::Next;
use actix_web::web::Data;

use super::{Refusal, Shared};

/// Refuses requests whose `Host` is not a loopback address, or whose `Origin` is not our own.
pub(crate) async fn check(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let header = |name| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let host = header(HOST).unwrap_or_default();
    if !is_loopback(host) {
        return Err(Refusal::forbidden("the Host is not a loopback address").into());
    }
    let own = request
        .app_data::<Data<Shared>>()
        .map(|shared| shared.origin);
    let foreign = request.headers().contains_key(ORIGIN)
        && own.is_none_or(|own| header(ORIGIN) != Some(format!("http://{own}").as_str()));
    if foreign {
        return Err(Refusal::forbidden("the Origin is another one").into());
    }
    next.call(request).await
}

/// Whether `host` is a loopback address, with or without a port.
fn is_loopback(host: &str) -> bool {
    let with_port = host.parse::<SocketAddr>().map(|addr| addr.ip());
    let bare = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    with_port.or(bare).is_ok_and(|ip| ip.is_loopback())
}
