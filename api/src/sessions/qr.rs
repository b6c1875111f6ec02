//! `GET /v1/sessions/{id}/qr`: the code to scan, as text or as a picture, by long poll.

use std::time::Duration;

use actix_web::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_ENCODING, ETAG, EntityTag, VARY};
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse, get};
use secrecy::ExposeSecret;
use serde::Deserialize;
use switchyard_core::SessionId;
use switchyard_core::code::ApiCode;

use super::watch::{LinkState, Seen, changed};
use crate::api::State;
use crate::caller::{Allowed, SessionsWrite};
use crate::picture;
use crate::problem::Problem;

/// The longest that a long poll may wait.
const WAIT_MAX_S: u64 = 25;

/// What the client has seen and how long it will wait for something else.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct QrQuery {
    /// Seconds to wait for a change, at most 25; 0 answers at once.
    #[param(maximum = 25)]
    wait: Option<u64>,
    /// The `ETag` of the last answer.
    after: Option<String>,
}

/// The form that the client asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Svg,
    Png,
}

impl Form {
    fn of(request: &HttpRequest) -> Self {
        let accept = request.headers().get(ACCEPT);
        let accept = accept.and_then(|it| it.to_str().ok()).unwrap_or_default();
        let wanted = accept.split([',', ';']).map(str::trim);
        wanted
            .into_iter()
            .find_map(|kind| match kind {
                "application/json" => Some(Self::Json),
                "image/svg+xml" => Some(Self::Svg),
                "image/png" => Some(Self::Png),
                _ => None,
            })
            .unwrap_or(Self::Json)
    }
}

/// The code to scan now. `Accept` chooses JSON, SVG or PNG. With `wait` and `after` it answers when there is
/// something new to show: replace the picture then, each time.
#[utoipa::path(
    tag = "sessions",
    security(("bearer" = ["sessions:write"]), ("cookie" = [])),
    params(("id" = String, Path, description = "`ses_…`"), QrQuery),
    responses((
        status = 200,
        description = "How the link attempt stands; `ETag` names this answer",
        headers(("ETag" = String, description = "Pass it as `after`")),
        content((LinkState = "application/json"), (String = "image/svg+xml"), (String = "image/png")),
    )),
)]
#[get("/v1/sessions/{id}/qr")]
pub(crate) async fn session_qr(
    request: HttpRequest,
    caller: Allowed<SessionsWrite>,
    state: Data<State>,
    id: Path<SessionId>,
    query: Query<QrQuery>,
) -> Result<HttpResponse, Problem> {
    let wait = query.wait.unwrap_or(0);
    if wait > WAIT_MAX_S {
        return Err(Problem::invalid("wait is 0 to 25 seconds"));
    }
    let after = query.after.as_deref().map(|tag| tag.trim_matches('"'));
    let wait = Duration::from_secs(wait);
    let seen = changed(&state, caller.0.business, *id, after, wait).await?;
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((VARY, "Accept"))
        .insert_header((CONTENT_ENCODING, "identity"))
        .insert_header((ETAG, EntityTag::new_strong(seen.tag()).to_string()));
    match Form::of(&request) {
        Form::Json => Ok(response.json(seen.shown())),
        Form::Svg => {
            let drawn = picture::svg(code(&seen)?).map_err(Problem::internal)?;
            Ok(response.content_type("image/svg+xml").body(drawn))
        }
        Form::Png => {
            let drawn = picture::png(code(&seen)?).map_err(Problem::internal)?;
            Ok(response.content_type("image/png").body(drawn))
        }
    }
}

/// The code to draw.
fn code(seen: &Seen) -> Result<&str, Problem> {
    let code = seen.qr.as_ref().map(ExposeSecret::expose_secret);
    code.ok_or_else(|| {
        let detail = format!(
            "there is no code to scan: the number is {}",
            seen.state.name()
        );
        Problem::new(ApiCode::NoCodeToScan, detail)
    })
}
