//! The outermost layer: every request has an id and a deadline, and every answer its headers, its count and,
//! when it is a refusal, its problem body. A panic in a handler ends in a 500.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ResponseHead, ServiceRequest, ServiceResponse};
use actix_web::http::ConnectionType;
use actix_web::http::header::{
    ALLOW, CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpResponse, HttpResponseBuilder, ResponseError};
use futures_util::FutureExt;
use store::rates::Verdict;
use switchyard_core::code::ApiCode;
use switchyard_core::trace::{self, Trace};
use tokio::time::timeout;
use tracing::Instrument;
use uuid::Uuid;

use crate::api::State;
use crate::problem::Problem;
use crate::{caller, headers};

/// Every request but the long poll is answered within this time.
const LIMIT: Duration = Duration::from_secs(10);
/// The long poll waits 25 s at most; the rest is for the work around it.
const LIMIT_LONG_POLL: Duration = Duration::from_secs(35);

const REQUEST_ID: HeaderName = HeaderName::from_static(trace::REQUEST_HEADER);
const TRACE: HeaderName = HeaderName::from_static(trace::HEADER);

/// Answers one request, for the trace that its client began or one that begins here.
pub(crate) async fn edge<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = request_id(request.headers());
    let trace = trace_of(request.headers()).of_request(Some(&id));
    let span = tracing::error_span!(
        "request",
        trace_id = trace.trace_id(),
        span_id = trace.span_id(),
        request_id = id.as_str()
    );
    let answering = answer(request, next, id).instrument(span);
    store::trace::within(trace, answering).await
}

async fn answer<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
    id: String,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let method = request.method().to_string();
    let state = request
        .app_data::<Data<State>>()
        .cloned()
        .ok_or_else(|| Problem::internal("the state of the API is not mounted"))?;
    let limit = if request.path().ends_with("/qr") {
        LIMIT_LONG_POLL
    } else {
        LIMIT
    };
    let answering = async {
        if request.path().starts_with("/v1/") {
            caller::identify(&state, request.request(), &id).await;
        }
        next.call(request).await
    };
    let answer = match timeout(limit, AssertUnwindSafe(answering).catch_unwind()).await {
        Ok(Ok(Ok(response))) => Ok(response.map_into_boxed_body()),
        Ok(Ok(Err(error))) => Err(Problem::internal(error)),
        Ok(Err(_panicked)) => Err(Problem::internal("a handler panicked")),
        Err(_late) => Err(Problem::unavailable("this took too long", "the time limit")),
    };
    let finish = Finish {
        state: &state,
        id: &id,
        method: &method,
        started,
    };
    match answer {
        Ok(response) => Ok(finish.response(response)),
        Err(problem) => Err(finish.broken(&problem)),
    }
}

/// What is needed to end a request.
struct Finish<'a> {
    state: &'a State,
    id: &'a str,
    method: &'a str,
    started: Instant,
}

impl Finish<'_> {
    fn response(&self, response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
        let route = response.request().match_pattern();
        let route = route.as_deref().unwrap_or("none");
        let verdict = response.request().extensions().get::<Verdict>().copied();
        let failure = response.response().error();
        let refusal = failure.map(|error| match error.as_error::<Problem>() {
            Some(problem) => self.refusal(problem, route),
            None => self.refusal(&foreign(error), route),
        });
        self.count(
            route,
            refusal
                .as_ref()
                .map_or(response.status().as_u16(), |it| it.status().as_u16()),
        );
        let mut response = match refusal {
            Some(refusal) => response.into_response(refusal),
            None => response,
        };
        self.dress(response.response_mut().head_mut(), verdict);
        response
    }

    /// The request is gone with its handler, so the error itself carries the whole answer.
    fn broken(&self, problem: &Problem) -> Error {
        let mut response = self.refusal(problem, "none");
        self.count("none", response.status().as_u16());
        self.dress(response.head_mut(), None);
        actix_web::error::InternalError::from_response("broken", response).into()
    }

    fn refusal(&self, problem: &Problem, route: &str) -> HttpResponse {
        if let Some(cause) = &problem.cause {
            let code = problem.code.row().name;
            tracing::error!(
                request_id = self.id,
                method = self.method,
                route,
                code,
                cause,
                "request failed"
            );
        }
        let mut builder = HttpResponseBuilder::new(problem.status_code());
        if let Some(seconds) = problem.retry_after_s {
            builder.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        if let Some(methods) = &problem.allow {
            builder.insert_header((ALLOW, methods.as_str()));
        }
        if problem.code == ApiCode::RequestTimeout {
            // What may still come of the body belongs to no request.
            builder.force_close();
        }
        if problem.code == ApiCode::Unauthorized {
            builder.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        builder
            .insert_header((CACHE_CONTROL, "no-store"))
            .content_type("application/problem+json")
            .body(
                serde_json::to_vec(&problem.body(self.state.cookies.origin(), self.id))
                    .unwrap_or_default(),
            )
    }

    fn count(&self, route: &str, status: u16) {
        let took = self.started.elapsed();
        self.state
            .metrics
            .answered(self.method, route, status, took);
        store::told!(method = self.method, route, status, ?took, "answered");
    }

    fn dress(&self, head: &mut ResponseHead, verdict: Option<Verdict>) {
        if self.state.probe.ready.is_last_answer() {
            // A connection that is closed while a proxy sends on it costs a request that nobody may repeat.
            head.set_connection_type(ConnectionType::Close);
        }
        let headers = head.headers_mut();
        headers::protect(headers, self.state.cookies.https());
        if let Ok(id) = HeaderValue::from_str(self.id) {
            headers.insert(REQUEST_ID, id);
        }
        if let Some(verdict) = verdict {
            let lines = [
                ("ratelimit-limit", verdict.limit),
                ("ratelimit-remaining", verdict.remaining),
                ("ratelimit-reset", verdict.reset_s),
            ];
            for (name, value) in lines {
                headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
            }
        }
    }
}

/// An error that is not ours: the server library refused the request itself.
fn foreign(error: &Error) -> Problem {
    let status = error.as_response_error().status_code();
    if status.is_client_error() {
        Problem::invalid("the request could not be read")
    } else {
        Problem::internal(error)
    }
}

/// The client's own id if it is a plain one, so that its log and ours agree; else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|it| it.to_str().ok());
    given.filter(|id| trace::is_request_id(id)).map_or_else(
        || format!("req_{}", Uuid::now_v7().simple()),
        ToOwned::to_owned,
    )
}

/// The client's own trace, if it sends one and no second; else a new one.
fn trace_of(headers: &HeaderMap) -> Trace {
    let mut given = headers.get_all(TRACE);
    let only = given.next().filter(|_| given.next().is_none());
    let theirs = only.and_then(|it| it.to_str().ok()?.parse::<Trace>().ok());
    theirs.map_or_else(Trace::begin, |it| it.next())
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, init_service, try_call_service};
    use actix_web::{App, web};

    use super::*;
    use crate::api::tests::api;

    async fn breaks() -> HttpResponse {
        panic!("of the test")
    }

    #[actix_web::test]
    async fn a_handler_that_panics_is_answered_as_a_fault_of_ours() {
        let (api, _folder) = api().await;
        let app = App::new()
            .app_data(Data::from(api.0))
            .route("/breaks", web::get().to(breaks))
            .wrap(from_fn(edge));
        let app = init_service(app).await;
        let request = TestRequest::get().uri("/breaks").to_request();
        let error = try_call_service(&app, request).await.unwrap_err();
        let response = error.error_response();
        assert_eq!(response.status(), 500);
        assert!(response.headers().contains_key(REQUEST_ID));
        let body = actix_web::body::to_bytes(response.into_body())
            .await
            .unwrap();
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem["code"], "internal");
        assert!(!problem.to_string().contains("of the test"), "{problem}");
    }
}
