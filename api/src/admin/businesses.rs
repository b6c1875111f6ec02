//! Businesses of the platform: made, limited, suspended.

use serde::{Deserialize, Serialize};
use store::businesses::Tenant;
use switchyard_core::account::parse_name;
use switchyard_core::{BusinessId, Timestamp};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::business::LimitsObject;
use crate::problem::Problem;

mod change;
mod create;
mod get;
mod list;
mod move_to;

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list::list_businesses)
        .service(create::create_business)
        .service(get::get_tenant)
        .service(change::change_business)
        .service(move_to::move_business)
        .service(move_to::get_move);
}

/// Whether a business may be used.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BusinessStatus {
    /// It may.
    Active,
    /// Nobody signs in to it, and none of its keys works.
    Suspended,
}

/// A business as operators see it.
#[derive(Serialize, ToSchema)]
#[schema(as = Tenant)]
pub(crate) struct TenantObject {
    /// `biz_…`
    #[schema(value_type = String)]
    id: BusinessId,
    /// Its name.
    name: String,
    /// Whether it may be used.
    status: BusinessStatus,
    /// The shard that its numbers belong to; `null` until the first one connects.
    shard: Option<u16>,
    /// The shard that holds its numbers now, or held them last.
    held_by: Option<u16>,
    /// What it may use.
    limits: LimitsObject,
    /// Numbers that it has.
    sessions: i64,
    /// People in it.
    members: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Tenant> for TenantObject {
    fn from(tenant: Tenant) -> Self {
        Self {
            id: tenant.id,
            name: tenant.name,
            status: if tenant.suspended {
                BusinessStatus::Suspended
            } else {
                BusinessStatus::Active
            },
            shard: tenant.shard,
            held_by: tenant.held_by,
            limits: tenant.limits.into(),
            sessions: tenant.sessions,
            members: tenant.members,
            created_at: tenant.created_at,
        }
    }
}

/// A business's name as it is kept.
fn name(text: &str) -> Result<String, Problem> {
    parse_name(text).ok_or_else(|| Problem::invalid("name has 1 to 100 characters"))
}
