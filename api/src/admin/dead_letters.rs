//! Dead letters as operators see and retry them: ids and codes, never a text.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::jobs::{DeadLetter, Wanted};
use switchyard_core::queue::Queue;
use switchyard_core::{BusinessId, JobId, Timestamp};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::problem::Problem;

mod list;
mod payload;
mod retry;

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list::list_dead_letters)
        .service(retry::retry_dead_letters)
        .service(retry::retry_dead_letter);
}

/// A job that will not be tried again unless somebody asks.
#[derive(Serialize, ToSchema)]
#[schema(as = DeadLetter)]
pub(crate) struct DeadLetterObject {
    /// `job_…`
    #[schema(value_type = String)]
    id: JobId,
    /// The queue that it died in.
    queue: String,
    /// What kind of work it is.
    kind: String,
    /// Whose it is; `null` for work of the platform itself.
    #[schema(value_type = Option<String>)]
    business_id: Option<BusinessId>,
    /// What it was to do: ids and numbers; anything else is masked.
    #[schema(value_type = Object)]
    payload: Value,
    /// How often it was tried.
    attempts: i64,
    /// Why the last attempt failed.
    error: Option<String>,
    /// When it was pushed.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it died.
    #[schema(value_type = String, format = DateTime)]
    died_at: Timestamp,
}

impl From<DeadLetter> for DeadLetterObject {
    fn from(letter: DeadLetter) -> Self {
        Self {
            id: letter.id,
            queue: letter.queue,
            kind: letter.kind,
            business_id: letter.business,
            payload: payload::masked(&letter.payload),
            attempts: letter.attempts,
            error: letter.last_error,
            created_at: letter.created_at,
            died_at: letter.died_at,
        }
    }
}

/// Which dead letters; what is left out asks for nothing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryDeadLettersRequest {
    /// Of this queue.
    queue: Option<Queue>,
    /// Of this kind of work.
    #[schema(max_length = 100)]
    kind: Option<String>,
    /// Of this business, `biz_…`.
    #[schema(value_type = Option<String>)]
    business_id: Option<BusinessId>,
    /// That failed with this code the last time.
    #[schema(max_length = 100)]
    error: Option<String>,
    /// That died not before this instant, RFC 3339.
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// That died before this instant, RFC 3339.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

impl TryFrom<RetryDeadLettersRequest> for Wanted {
    type Error = Problem;

    fn try_from(filter: RetryDeadLettersRequest) -> Result<Self, Problem> {
        Ok(Self {
            queue: filter.queue,
            kind: named("kind", filter.kind)?,
            business: filter.business_id,
            error: named("error", filter.error)?,
            since: filter.since,
            until: filter.until,
        })
    }
}

/// The most characters of a kind or of a code that is asked for.
const NAME_MAX_CHARS: usize = 100;

/// A name as the store may be asked for it: no stored one has a U+0000, and Postgres takes none.
fn named(field: &str, name: Option<String>) -> Result<Option<String>, Problem> {
    if (name.as_deref()).is_some_and(|it| it.chars().count() > NAME_MAX_CHARS) {
        return Err(Problem::invalid(format!(
            "{field} has at most {NAME_MAX_CHARS} characters"
        )));
    }
    Ok(name.map(|it| it.replace('\0', "\u{fffd}")))
}
