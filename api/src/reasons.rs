//! `GET /v1/reasons`: every code with its words, from the one table that log and dashboard read too.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, get};
use serde::Serialize;
use switchyard_core::reason::{CallReason, FailureCode, SessionReason, Words};
use switchyard_core::session::SessionState;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::page::List;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(reasons);
}

/// What a code is about.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum About {
    /// The state of a session.
    Session,
    /// A message that failed.
    Message,
    /// A call that was turned away, or how one ended.
    Call,
}

/// A sentence in each language.
#[derive(Serialize, ToSchema)]
struct Sentence {
    /// English.
    en: &'static str,
    /// Hebrew.
    he: &'static str,
}

/// A code and its words.
#[derive(Serialize, ToSchema)]
struct Reason {
    /// The stable code.
    code: &'static str,
    /// What it is about.
    about: About,
    /// The state that a session is in for this reason.
    state: Option<SessionState>,
    /// What happened.
    sentence: Sentence,
    /// What to do next.
    next_step: Sentence,
}

impl Reason {
    fn new(words: Words, about: About, state: Option<SessionState>) -> Self {
        Self {
            code: words.code,
            about,
            state,
            sentence: Sentence {
                en: words.sentence_en,
                he: words.sentence_he,
            },
            next_step: Sentence {
                en: words.next_en,
                he: words.next_he,
            },
        }
    }
}

/// Every reason of a session's state, every failure of a message and every reason of a call, in English and Hebrew.
#[utoipa::path(tag = "platform", responses((status = 200, body = List<Reason>)))]
#[get("/v1/reasons")]
pub(crate) async fn reasons() -> HttpResponse {
    let sessions = SessionReason::ALL
        .iter()
        .map(|it| Reason::new(it.words(), About::Session, Some(it.state())));
    let messages = FailureCode::ALL
        .iter()
        .map(|it| Reason::new(it.words(), About::Message, None));
    let calls = CallReason::ALL
        .iter()
        .map(|it| Reason::new(it.words(), About::Call, None));
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .json(List {
            data: sessions.chain(messages).chain(calls).collect(),
            next_cursor: None,
        })
}
