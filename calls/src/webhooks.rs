//! What the provider asks and tells: one file a route.

use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, PayloadConfig, ServiceConfig};
use actix_web::{Error, Resource};

use crate::desk::Desk;
use crate::form::BODY_MAX;

mod ending;
mod fallback;
mod progress;
mod recording;
mod resume;
mod status;
mod step;
mod stream_status;
mod voice;

pub(crate) use ending::{abandon, end, free, lost};
pub(crate) use progress::note;

/// Every route of the provider, under this desk.
pub(crate) fn routes(config: &mut ServiceConfig, desk: &Data<Desk>) {
    let scope = web::scope("/twilio/{business}")
        .app_data(desk.clone())
        .app_data(PayloadConfig::new(BODY_MAX))
        .wrap(from_fn(measured))
        .service(either("/voice").route(web::route().to(voice::answer)))
        .service(either("/fallback").route(web::route().to(fallback::answer)))
        .service(either("/step").route(web::route().to(step::answer)))
        .service(either("/resume").route(web::route().to(resume::answer)))
        .service(either("/status").route(web::route().to(status::note)))
        .service(either("/recording").route(web::route().to(recording::note)))
        .service(either("/stream-status").route(web::route().to(stream_status::note)));
    let socket = web::resource("/twilio/stream")
        .app_data(desk.clone())
        .route(web::get().to(crate::media::open));
    config.service(socket).service(scope);
}

/// A provider may be set to ask by GET.
fn either(path: &str) -> Resource {
    web::resource(path).guard(actix_web::guard::fn_guard(|context| {
        matches!(context.head().method.as_str(), "GET" | "POST")
    }))
}

async fn measured(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let begun = Instant::now();
    let answer = next.call(request).await?;
    let route = answer.request().match_pattern().unwrap_or_default();
    let route = route.rsplit('/').next().unwrap_or_default();
    if let Some(desk) = answer.request().app_data::<Data<Desk>>() {
        desk.metrics
            .answered(route, answer.status().as_u16(), begun.elapsed());
    }
    Ok(answer)
}
