//! Notes what a business wants of a session; the shard that holds it works towards that.

use store::sessions::Session;
use switchyard_core::session::Wanted;
use switchyard_core::{BusinessId, SessionId, Timestamp};

use crate::api::State;
use crate::problem::Problem;

pub(super) async fn want(
    state: &State,
    business: BusinessId,
    id: SessionId,
    wanted: Wanted,
) -> Result<Session, Problem> {
    let (store, now) = (&state.store, Timestamp::now());
    let session = if wanted.is_connected() {
        store::sessions::connect(store, now, business, id, wanted).await?
    } else {
        store::sessions::want(store, now, business, id, wanted).await?
    };
    session.ok_or_else(Problem::not_found)
}
