//! Checks credentials against their rows, through a cache that forgets everything when somebody's rights changed, in
//! whatever process, and that is so short that one which did not hear of it knows within five seconds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use prometheus::Registry;
use store::Store;
use store::accounts::{self, UserSession};
use store::cache::Cache;
use store::redis::Redis;
use switchyard_core::{BusinessId, Timestamp};
use uuid::Uuid;

use super::usage::Usage;
use super::{Caller, Origin, Presented, Who};
use crate::api::State;
use crate::problem::Problem;

/// Less than the promised five seconds, also when the cache adds its 15 % and a live stream looks a second later: a row
/// may be read just before its revocation is committed.
const KEPT: Duration = Duration::from_secs(3);

/// Rows of credentials, for a moment.
pub(crate) struct Credentials {
    rows: Cache,
    /// What was heard of changed rights when the rows were forgotten last.
    heard: AtomicU64,
    usage: Usage,
}

impl Credentials {
    /// Shared by all processes that use that server, if there is one.
    pub(crate) fn new(shared: Option<Redis>, registry: &Registry) -> store::Result<Self> {
        Ok(Self {
            rows: Cache::new("credentials", shared, KEPT, registry)?,
            heard: AtomicU64::new(0),
            usage: Usage::new(),
        })
    }

    /// Who presents this credential, if it is good now.
    pub(super) async fn check(
        &self,
        state: &State,
        presented: Presented,
    ) -> Result<Caller, Problem> {
        self.hear(&state.store).await;
        let now = Timestamp::now();
        match presented {
            Presented::Token(token) => self.token(state, now, &token).await,
            Presented::Key(secret) => self.key(state, now, &secret).await,
        }
    }

    async fn token(&self, state: &State, now: Timestamp, token: &str) -> Result<Caller, Problem> {
        let refused = || Problem::unauthorized("the access token is not valid any more");
        let checked = state.tokens.check(token).ok_or_else(refused)?;
        let named = (checked.session, checked.business);
        let session = self.session(state, now, named).await?;
        let session = session.filter(|session| session.user.id == checked.user);
        let session = session.ok_or_else(refused)?;
        Ok(Caller {
            business: session.business.id,
            until: Some(checked.expires_at),
            who: Who::User(session),
            origin: Origin::default(),
        })
    }

    async fn key(&self, state: &State, now: Timestamp, secret: &str) -> Result<Caller, Problem> {
        let hash = BASE64_URL_SAFE_NO_PAD.encode(accounts::hash(secret));
        let name = format!("key:{hash}");
        let found = accounts::api_key(&state.store, now, secret);
        let key = Box::pin(self.rows.get_or_fill(&name, found)).await?;
        let key = key.map(Arc::new);
        let key = key.filter(|key| key.expires_at.is_none_or(|end| end > now));
        let key = key.ok_or_else(|| Problem::unauthorized("the API key is not valid"))?;
        self.usage.note(&state.store, now, &key).await;
        Ok(Caller {
            business: key.business,
            until: key.expires_at,
            who: Who::Key(key),
            origin: Origin::default(),
        })
    }

    async fn session(
        &self,
        state: &State,
        now: Timestamp,
        (id, business): (Uuid, BusinessId),
    ) -> Result<Option<Arc<UserSession>>, Problem> {
        let found = accounts::user_session(&state.store, now, id, business);
        let name = format!("session:{}:{business}", id.simple());
        let session = Box::pin(self.rows.get_or_fill(&name, found)).await?;
        Ok(session.map(Arc::new))
    }

    /// Somebody's rights have just changed here, and that is committed: no process that shares the cache finds the old ones,
    /// and every other one is told.
    pub(crate) async fn changed(&self, store: &Store) {
        store.hints().credentials_changed();
        self.hear(store).await;
    }

    /// Forgets all rows when somebody's rights changed since the last look, in this process or in one that told of it.
    async fn hear(&self, store: &Store) {
        let now = store.hints().credentials();
        if self.heard.swap(now, Ordering::AcqRel) != now {
            self.rows.invalidate().await;
        }
    }

    /// Whether a caller's credential is still good: for what outlives one request.
    pub(crate) async fn still_good(&self, state: &State, caller: &Caller) -> Result<bool, Problem> {
        self.hear(&state.store).await;
        let now = Timestamp::now();
        if caller.until.is_some_and(|end| end <= now) {
            return Ok(false);
        }
        match &caller.who {
            Who::User(session) => {
                let named = (session.id, caller.business);
                Ok(self.session(state, now, named).await?.is_some())
            }
            Who::Key(key) => {
                let found = accounts::api_key_by_id(&state.store, now, key.business, key.id);
                let name = format!("key-id:{}", key.id);
                let row = Box::pin(self.rows.get_or_fill(&name, found)).await?;
                Ok(row.is_some())
            }
        }
    }
}
