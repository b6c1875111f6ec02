//! Sign-in links: good for one use, for a short while.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use switchyard_core::{Timestamp, UserId};
use uuid::Uuid;

use super::{secret, sql};
use crate::run::{execute, fetch_optional};
use crate::{Lane, Result, Store};

/// Makes a link for this person and answers its token, which stands after `#link=` in the address.
pub async fn create_sign_in_link(
    store: &Store,
    now: Timestamp,
    user: UserId,
    ttl: Duration,
) -> Result<SecretString> {
    let token = secret::generate("");
    let hash = secret::hash(token.expose_secret());
    store
        .write(
            Lane::Rest,
            (now, user, ttl, hash),
            |tx, (now, user, ttl, hash)| {
                Box::pin(async move {
                    let ends = now.plus(*ttl).ms();
                    execute!(
                        tx,
                        sql::INSERT_LINK,
                        hash.as_slice(),
                        user.uuid(),
                        now.ms(),
                        ends
                    )?;
                    Ok(())
                })
            },
        )
        .await?;
    Ok(token)
}

/// Spends a link: whose it was, if it was good. Of any number at once one succeeds.
pub async fn use_sign_in_link(
    store: &Store,
    now: Timestamp,
    token: &str,
) -> Result<Option<UserId>> {
    let hash = secret::hash(token);
    store
        .write(Lane::Rest, (now, hash), |tx, (now, hash)| {
            Box::pin(async move {
                let row = fetch_optional!(tx, (Uuid,), sql::USE_LINK, hash.as_slice(), now.ms())?;
                Ok(row.map(|(user,)| user.into()))
            })
        })
        .await
}
