//! The business that the credential names: its name, its limits and what it uses of them.

use serde::{Deserialize, Serialize};
use store::Store;
use store::businesses::Tenant;
use store::quota::{self, Limits};
use switchyard_core::{BusinessId, Timestamp};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

mod get;
mod rename;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(get::get_business)
        .service(rename::rename_business);
}

/// What a business may use; `null`: no limit.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = Limits)]
pub(crate) struct LimitsObject {
    /// Numbers at a time.
    #[schema(value_type = Option<u64>, maximum = 4_294_967_295_u64)]
    sessions: Option<u32>,
    /// Messages accepted for sending between midnight and midnight in UTC.
    #[schema(value_type = Option<u64>, maximum = 4_294_967_295_u64)]
    messages_per_day: Option<u32>,
}

/// What a business shall be allowed; one that is left out or `null` is no limit.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsRequest {
    /// Numbers at a time.
    #[schema(value_type = Option<u64>, maximum = 4_294_967_295_u64)]
    sessions: Option<u32>,
    /// Messages accepted for sending between midnight and midnight in UTC.
    #[schema(value_type = Option<u64>, maximum = 4_294_967_295_u64)]
    messages_per_day: Option<u32>,
}

impl From<Limits> for LimitsObject {
    fn from(limits: Limits) -> Self {
        Self {
            sessions: limits.sessions,
            messages_per_day: limits.messages_per_day,
        }
    }
}

impl From<LimitsRequest> for Limits {
    fn from(limits: LimitsRequest) -> Self {
        Self {
            sessions: limits.sessions,
            messages_per_day: limits.messages_per_day,
        }
    }
}

/// The business as its people see it.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnBusiness {
    /// `biz_…`
    #[schema(value_type = String)]
    id: BusinessId,
    /// Its name.
    name: String,
    /// What it may use.
    limits: LimitsObject,
    /// Numbers that it has.
    sessions: i64,
    /// Messages that it had accepted for sending since midnight in UTC.
    messages_today: i64,
    /// People in it.
    members: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl OwnBusiness {
    /// With what it has used today.
    async fn of(tenant: Tenant, store: &Store) -> store::Result<Self> {
        let messages_today = quota::messages_today(store, Timestamp::now(), tenant.id).await?;
        Ok(Self {
            messages_today,
            id: tenant.id,
            name: tenant.name,
            limits: tenant.limits.into(),
            sessions: tenant.sessions,
            members: tenant.members,
            created_at: tenant.created_at,
        })
    }
}
