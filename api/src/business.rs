//! The business that the credential names: its name, its limits and what it uses of them.

use serde::{Deserialize, Serialize};
use store::Store;
use store::businesses::Tenant;
use store::quota::{self, Limits};
use store::retention::Retention;
use switchyard_core::{BusinessId, Timestamp};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::problem::Problem;

mod change;
mod get;

pub(crate) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(get::get_business)
        .service(change::change_own_business);
}

/// What a business may use; `null`: no limit of its own.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = Limits)]
pub(crate) struct LimitsObject {
    /// Numbers at a time.
    #[schema(value_type = Option<u64>, maximum = 4_294_967_295_u64)]
    sessions: Option<u32>,
    /// Messages accepted for sending between midnight and midnight in UTC.
    #[schema(value_type = Option<u64>, maximum = 4_294_967_295_u64)]
    messages_per_day: Option<u32>,
    /// Bytes of the texts of its messages, in and out, as UTF-8.
    #[schema(value_type = Option<u64>, maximum = 9_007_199_254_740_991_u64)]
    storage_bytes: Option<u64>,
    /// Phone calls at a time, in and out; `null`: as many as the platform lets every business have.
    #[schema(value_type = Option<u64>, maximum = 4_294_967_295_u64)]
    concurrent_calls: Option<u32>,
}

/// What a business shall be allowed; one that is left out or `null` is no limit of its own.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsRequest {
    /// Numbers at a time.
    #[schema(value_type = Option<u64>, maximum = 4_294_967_295_u64)]
    sessions: Option<u32>,
    /// Messages accepted for sending between midnight and midnight in UTC.
    #[schema(value_type = Option<u64>, maximum = 4_294_967_295_u64)]
    messages_per_day: Option<u32>,
    /// Bytes of the texts of its messages, in and out, as UTF-8; measured once a minute. What arrives is kept all the same.
    #[schema(value_type = Option<u64>, maximum = 9_007_199_254_740_991_u64)]
    storage_bytes: Option<u64>,
    /// Phone calls at a time, in and out; counts for calls that begin some seconds later. Calls that are under way go on.
    #[schema(value_type = Option<u64>, maximum = 4_294_967_295_u64)]
    concurrent_calls: Option<u32>,
}

/// The largest whole number that every reader of JSON reads as it was written.
const WHOLE_MAX: u64 = (1 << 53) - 1;

impl From<Limits> for LimitsObject {
    fn from(limits: Limits) -> Self {
        Self {
            sessions: limits.sessions,
            messages_per_day: limits.messages_per_day,
            storage_bytes: limits.storage_bytes,
            concurrent_calls: limits.concurrent_calls,
        }
    }
}

impl LimitsRequest {
    /// The limits that it asks for.
    pub(crate) fn parse(self) -> Result<Limits, Problem> {
        if self.storage_bytes.is_some_and(|most| most > WHOLE_MAX) {
            return Err(Problem::invalid(
                "storage_bytes is at most 9,007,199,254,740,991",
            ));
        }
        Ok(Limits {
            sessions: self.sessions,
            messages_per_day: self.messages_per_day,
            storage_bytes: self.storage_bytes,
            concurrent_calls: self.concurrent_calls,
        })
    }
}

/// For how many days a business keeps what it has.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = Retention)]
pub(crate) struct RetentionObject {
    /// Messages; `null`: for good.
    #[schema(minimum = 1, maximum = 3_650)]
    messages_days: Option<u32>,
    /// Events; `null`: for seven days, as everybody's.
    #[schema(minimum = 1, maximum = 7)]
    events_days: Option<u32>,
}

/// For how many days a business shall keep what it has; what is left out or `null` is kept as long as can be.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetentionRequest {
    /// Messages.
    #[schema(minimum = 1, maximum = 3_650)]
    messages_days: Option<u32>,
    /// Events.
    #[schema(minimum = 1, maximum = 7)]
    events_days: Option<u32>,
}

/// Messages are kept for at most so many days, or for good.
const MESSAGES_DAYS_MOST: u32 = 3_650;
/// Events are kept for at most so many days.
const EVENTS_DAYS_MOST: u32 = 7;

impl RetentionRequest {
    fn parse(self) -> Result<Retention, Problem> {
        let within = |days: Option<u32>, most| days.is_none_or(|days| (1..=most).contains(&days));
        if !within(self.messages_days, MESSAGES_DAYS_MOST) {
            return Err(Problem::invalid("messages_days is 1 to 3650, or null"));
        }
        if !within(self.events_days, EVENTS_DAYS_MOST) {
            return Err(Problem::invalid("events_days is 1 to 7, or null"));
        }
        Ok(Retention {
            messages_days: self.messages_days,
            events_days: self.events_days,
        })
    }
}

impl From<Retention> for RetentionObject {
    fn from(retention: Retention) -> Self {
        Self {
            messages_days: retention.messages_days,
            events_days: retention.events_days,
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
    /// For how long it keeps what it has.
    retention: RetentionObject,
    /// Numbers that it has.
    sessions: i64,
    /// Messages that it had accepted for sending since midnight in UTC.
    messages_today: i64,
    /// Bytes of the texts that it keeps.
    storage_bytes: i64,
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
        let storage_bytes = quota::storage(store, tenant.id).await?;
        Ok(Self {
            messages_today,
            storage_bytes,
            id: tenant.id,
            name: tenant.name,
            limits: tenant.limits.into(),
            retention: tenant.retention.into(),
            sessions: tenant.sessions,
            members: tenant.members,
            created_at: tenant.created_at,
        })
    }
}
