//! Accepting together what one business asks for while another of its transactions commits: its transactions wait for
//! each other at the head of its events anyway.

use std::sync::Arc;

use switchyard_core::{BusinessId, Timestamp, Trace};

use super::accept::accept_all;
use super::{Accepted, NewMessage};
use crate::gather::{Commit, Gathering};
use crate::{Lane, Result, Store, trace};

/// When it was asked, what, and for which trace.
pub(crate) type Asked = (Timestamp, NewMessage, Option<Trace>);
/// What waits to be accepted.
pub(crate) type Accepts = Arc<Gathering<BusinessId, Asked, Accepted>>;

/// Accepts a message together with others of its business.
pub(super) async fn accept(
    store: &Store,
    now: Timestamp,
    business: BusinessId,
    message: NewMessage,
) -> Result<Accepted> {
    let commit = || -> Commit<Asked, Accepted> {
        let store = store.clone();
        Arc::new(move |asked| Box::pin(commit(store.clone(), business, asked)))
    };
    let accepts = match store {
        Store::Sqlite(sqlite) => sqlite.accepts(),
        Store::Postgres(postgres) => postgres.accepts(),
    };
    accepts
        .call(business, (now, message, trace::current()), commit)
        .await
}

async fn commit(
    store: Store,
    business: BusinessId,
    asked: Vec<Asked>,
) -> Result<Vec<Result<Accepted>>> {
    // Every process locks chats in the same order. Messages to one person keep theirs.
    let mut places: Vec<usize> = (0..asked.len()).collect();
    places.sort_by_cached_key(|place| asked.get(*place).map(|(_, message, _)| message.to.shown()));
    let input = (business, asked, places);
    let of = store.of(business);
    let accepting = of.write(Lane::Messages, input, |tx, (business, asked, places)| {
        Box::pin(async move {
            let sorted = places.iter().filter_map(|place| asked.get(*place));
            let accepted = accept_all(tx, *business, sorted).await?;
            Ok(places.iter().copied().zip(accepted).collect::<Vec<_>>())
        })
    });
    let mut accepted = accepting.await?;
    accepted.sort_by_key(|(place, _)| *place);
    Ok(accepted.into_iter().map(|(_, it)| it).collect())
}
