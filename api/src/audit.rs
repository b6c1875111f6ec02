//! `GET /v1/audit`: who did what in the business.

use actix_web::get;
use actix_web::web::{Data, Json, Query};
use serde::{Deserialize, Serialize};
use store::audit::{self, Entry, Wanted};
use switchyard_core::audit::{ActorKind, AuditAction};
use switchyard_core::{AuditId, BusinessId, KeyId, Timestamp, UserId};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::api::State;
use crate::caller::{Allowed, AuditRead};
use crate::page::{self, List};
use crate::problem::Problem;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config.service(list_audit);
}

/// An entry of the audit log.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct AuditObject {
    /// `aud_…`
    #[schema(value_type = String)]
    id: AuditId,
    /// The business that it was done to.
    #[schema(value_type = String)]
    business_id: BusinessId,
    /// Its number within the business, without gaps.
    seq: i64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// What kind of hand did it.
    actor_kind: ActorKind,
    /// `usr_…` or `key_…`; `null` for the program itself.
    actor_id: Option<String>,
    /// The person's name, as far as the reader may know it.
    actor_name: Option<String>,
    /// What.
    action: AuditAction,
    /// The id of what it was done to.
    target: String,
    /// Before and after.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
    /// From where.
    address: Option<String>,
    /// Finds the request in the log.
    request_id: Option<String>,
}

impl From<Entry> for AuditObject {
    fn from(entry: Entry) -> Self {
        let actor = entry.actor;
        Self {
            id: entry.id,
            business_id: entry.business,
            seq: entry.seq,
            at: entry.at,
            actor_kind: actor.kind,
            actor_id: actor.id.map(|id| match actor.kind {
                ActorKind::ApiKey => KeyId::from(id).to_string(),
                _ => UserId::from(id).to_string(),
            }),
            actor_name: entry.actor_name,
            action: entry.action,
            target: entry.target,
            detail: entry.detail,
            address: actor.address,
            request_id: actor.request_id,
        }
    }
}

/// Which entries.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListAuditQuery {
    /// `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
    /// Rows of a page, 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    pub(crate) limit: Option<u32>,
    /// Of this person or key alone, `usr_…` or `key_…`.
    pub(crate) actor: Option<String>,
    /// Of this act alone.
    pub(crate) action: Option<AuditAction>,
    /// Not before this instant, RFC 3339.
    #[param(value_type = Option<String>, format = DateTime)]
    pub(crate) since: Option<Timestamp>,
    /// Before this instant, RFC 3339.
    #[param(value_type = Option<String>, format = DateTime)]
    pub(crate) until: Option<Timestamp>,
}

impl ListAuditQuery {
    /// What is asked for.
    pub(crate) fn wanted(&self) -> Result<Wanted, Problem> {
        Ok(Wanted {
            actor: self.actor.as_deref().map(actor).transpose()?,
            action: self.action,
            since: self.since,
            until: self.until,
        })
    }
}

fn actor(text: &str) -> Result<Uuid, Problem> {
    let user = text.parse().map(UserId::uuid);
    user.or_else(|_not_a_user| text.parse().map(KeyId::uuid))
        .map_err(|_neither| Problem::invalid("actor is the id of a person or of a key"))
}

/// Who did what in the business, newest first. Entries are never changed or removed; `switchyard audit verify`
/// checks that.
#[utoipa::path(
    tag = "business",
    security(("bearer" = ["audit:read"]), ("cookie" = [])),
    params(ListAuditQuery),
    responses((status = 200, body = List<AuditObject>)),
)]
#[get("/v1/audit")]
pub(crate) async fn list_audit(
    caller: Allowed<AuditRead>,
    state: Data<State>,
    query: Query<ListAuditQuery>,
) -> Result<Json<List<AuditObject>>, Problem> {
    let limit = page::limit(query.limit)?;
    let (business, cursor) = (caller.0.business, query.cursor.as_deref());
    let page = audit::list(&state.store, business, query.wanted()?, cursor, limit).await?;
    Ok(Json(List {
        data: page.data.into_iter().map(AuditObject::from).collect(),
        next_cursor: page.next_cursor,
    }))
}
