//! Attempts to link a session to a phone, with the present code: sealed at rest, in no event and no log.

use secrecy::{ExposeSecret, SecretString};
use switchyard_core::session::SessionState;
use switchyard_core::{BusinessId, SessionId, Timestamp};

use crate::run::{execute, fetch_optional};
use crate::seal::{Keys, Place};
use crate::{Error, Held, Hint, Lane, Result, Store};

pub(crate) mod sql;

/// How a session is linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// The phone scans a picture.
    Qr,
}

impl Method {
    const fn name(self) -> &'static str {
        match self {
            Self::Qr => "qr",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        (name == Self::Qr.name()).then_some(Self::Qr)
    }
}

/// The present code of an attempt.
#[derive(Debug, Clone)]
pub struct LinkAttempt {
    /// How it is linked.
    pub method: Method,
    /// What the session waits for.
    pub state: SessionState,
    /// The code: whoever has it can link a phone to this session.
    pub payload: SecretString,
    /// Until when it works.
    pub expires_at: Timestamp,
    /// So many more codes follow.
    pub codes_left: u32,
}

/// Shows a new code, in place of the one before.
pub async fn put(keys: &Keys, held: &Held, attempt: LinkAttempt) -> Result<()> {
    let key = keys.of(held.business).await?;
    let sealed = key.seal(
        place(held.session),
        attempt.payload.expose_secret().as_bytes(),
    )?;
    let input = (*held, attempt, sealed);
    keys.store()
        .write(Lane::Rest, input, |tx, (held, attempt, sealed)| {
            Box::pin(async move {
                held.check(tx).await?;
                execute!(
                    tx,
                    sql::PUT,
                    held.session.uuid(),
                    held.business.uuid(),
                    held.epoch,
                    attempt.method.name(),
                    attempt.state.name(),
                    sealed.as_slice(),
                    attempt.expires_at.ms(),
                    i64::from(attempt.codes_left)
                )?;
                tx.hint(Hint::Session(held.session));
                Ok(())
            })
        })
        .await
}

/// The attempt is over, however it went.
pub async fn end(store: &Store, held: &Held) -> Result<()> {
    store
        .write(Lane::Rest, *held, |tx, held| {
            Box::pin(async move {
                held.check(tx).await?;
                execute!(tx, sql::END, held.session.uuid(), held.business.uuid())?;
                tx.hint(Hint::Session(held.session));
                Ok(())
            })
        })
        .await
}

/// The present code, if one is shown. [`Error::VaultUnreadable`] when it does not open.
pub async fn get(
    keys: &Keys,
    business: BusinessId,
    session: SessionId,
) -> Result<Option<LinkAttempt>> {
    let mut conn = keys.store().of(business).read().await?;
    let row = fetch_optional!(conn, LinkRow, sql::GET, business.uuid(), session.uuid())?;
    drop(conn);
    match row {
        Some(row) => row.open(keys, business, session).await.map(Some),
        None => Ok(None),
    }
}

#[derive(sqlx::FromRow)]
struct LinkRow {
    method: String,
    state: String,
    sealed: Vec<u8>,
    expires_at: i64,
    codes_left: i64,
}

impl LinkRow {
    async fn open(
        self,
        keys: &Keys,
        business: BusinessId,
        session: SessionId,
    ) -> Result<LinkAttempt> {
        let corrupt = |column| Error::Corrupt {
            table: "link_attempts",
            column,
            id: session.to_string(),
        };
        let key = keys.of(business).await?;
        let payload = key.open(place(session), &self.sealed)?;
        let payload = std::str::from_utf8(&payload).map_err(|_not_text| Error::VaultUnreadable)?;
        Ok(LinkAttempt {
            method: Method::parse(&self.method).ok_or_else(|| corrupt("method"))?,
            state: SessionState::parse(&self.state).ok_or_else(|| corrupt("state"))?,
            payload: SecretString::from(payload.to_owned()),
            expires_at: Timestamp(self.expires_at),
            codes_left: u32::try_from(self.codes_left).map_err(|_range| corrupt("codes_left"))?,
        })
    }
}

/// What a code is sealed for.
fn place(session: SessionId) -> Place<'static> {
    Place {
        owner: session.uuid(),
        space: "link_attempt",
        key: b"",
        sub: b"",
    }
}
