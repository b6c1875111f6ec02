//! Shards: the processes that hold the sessions.

use serde::Serialize;
use store::shards::Shard;
use switchyard_core::shard::ShardState;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

mod drain;
mod list;

pub(super) fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(list::list_shards)
        .service(drain::drain_shard)
        .service(drain::get_drain)
        .service(drain::undrain_shard);
}

/// A shard.
#[derive(Serialize, ToSchema)]
#[schema(as = Shard)]
pub(crate) struct ShardObject {
    /// Its number, from 1.
    number: u16,
    /// What it does with sessions.
    state: ShardState,
    /// The process; another one after each start.
    #[schema(value_type = String, format = Uuid)]
    incarnation: Uuid,
    /// Where workers reach it.
    url: String,
    /// Sessions that it holds.
    sessions: u32,
    /// Sessions that it takes at most.
    capacity: u32,
    /// Milliseconds since it renewed its lease.
    lease_age_ms: u64,
    /// Processors that it used lately: 1 is one processor the whole time.
    cpu: f64,
    /// Its memory, in bytes.
    rss_bytes: i64,
    /// Messages a second lately, in and out.
    messages_per_s: f64,
}

impl From<Shard> for ShardObject {
    fn from(shard: Shard) -> Self {
        let figures = shard.figures;
        Self {
            number: shard.number,
            state: shard.state,
            incarnation: shard.incarnation.0,
            url: shard.url,
            sessions: shard.sessions,
            capacity: shard.capacity,
            lease_age_ms: u64::try_from(shard.lease_age.as_millis()).unwrap_or(u64::MAX),
            cpu: thousandths(figures.cpu_milli),
            rss_bytes: figures.rss_bytes,
            messages_per_s: thousandths(figures.messages_milli),
        }
    }
}

fn thousandths(milli: i64) -> f64 {
    f64::from(i32::try_from(milli).unwrap_or(i32::MAX)) / 1_000.0
}
