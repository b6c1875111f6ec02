//! Checks credentials against their rows, through a cache so short that a revocation bites within five seconds.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use store::accounts::{self, ApiKey, UserSession};
use switchyard_core::Timestamp;
use uuid::Uuid;

use super::usage::Usage;
use super::{Caller, Presented, Who};
use crate::api::State;
use crate::metrics::CacheMetrics;
use crate::problem::Problem;

/// Less than the promised five seconds: a row may be read just before its revocation is committed.
const KEPT: Duration = Duration::from_secs(4);
/// Credentials of one kind that are kept; the least used go first.
const MOST: u64 = 10_000;

/// Rows of credentials, for a moment.
pub(crate) struct Credentials {
    sessions: Cache<Uuid, Arc<UserSession>>,
    keys: Cache<[u8; 32], Arc<ApiKey>>,
    usage: Usage,
    metrics: CacheMetrics,
}

impl Credentials {
    pub(crate) fn new(metrics: CacheMetrics) -> Self {
        Self {
            sessions: Cache::builder()
                .max_capacity(MOST)
                .time_to_live(KEPT)
                .build(),
            keys: Cache::builder()
                .max_capacity(MOST)
                .time_to_live(KEPT)
                .build(),
            usage: Usage::new(),
            metrics,
        }
    }

    /// Who presents this credential, if it is good now.
    pub(super) async fn check(
        &self,
        state: &State,
        presented: Presented,
    ) -> Result<Caller, Problem> {
        let now = Timestamp::now();
        match presented {
            Presented::Token(token) => self.token(state, now, &token).await,
            Presented::Key(secret) => self.key(state, now, &secret).await,
        }
    }

    async fn token(&self, state: &State, now: Timestamp, token: &str) -> Result<Caller, Problem> {
        let refused = || Problem::unauthorized("the access token is not valid any more");
        let checked = state.tokens.check(token).ok_or_else(refused)?;
        let session = self.session(state, now, checked.session).await?;
        let session = session.filter(|session| session.user.id == checked.user);
        let session = session.ok_or_else(refused)?;
        Ok(Caller {
            business: session.business.id,
            until: Some(checked.expires_at),
            who: Who::User(session),
        })
    }

    async fn key(&self, state: &State, now: Timestamp, secret: &str) -> Result<Caller, Problem> {
        let hash = accounts::hash(secret);
        let mut key = self.keys.get(&hash).await;
        self.metrics.looked_up(key.is_some());
        if key.is_none() {
            let found = accounts::api_key(&state.store, now, secret).await?;
            key = found.map(Arc::new);
            if let Some(key) = &key {
                self.keys.insert(hash, Arc::clone(key)).await;
            }
        }
        let key = key.ok_or_else(|| Problem::unauthorized("the API key is not valid"))?;
        if key.expires_at.is_some_and(|end| end <= now) {
            self.metrics.stale();
            return Err(Problem::unauthorized("the API key is not valid"));
        }
        self.usage.note(&state.store, now, &key).await;
        Ok(Caller {
            business: key.business,
            until: key.expires_at,
            who: Who::Key(key),
        })
    }

    async fn session(
        &self,
        state: &State,
        now: Timestamp,
        id: Uuid,
    ) -> Result<Option<Arc<UserSession>>, Problem> {
        let cached = self.sessions.get(&id).await;
        self.metrics.looked_up(cached.is_some());
        if cached.is_some() {
            return Ok(cached);
        }
        let found = accounts::user_session(&state.store, now, id)
            .await?
            .map(Arc::new);
        if let Some(session) = &found {
            self.sessions.insert(id, Arc::clone(session)).await;
        }
        Ok(found)
    }

    /// Whether a caller's credential is still good: for what outlives one request.
    pub(crate) async fn still_good(&self, state: &State, caller: &Caller) -> Result<bool, Problem> {
        let now = Timestamp::now();
        if caller.until.is_some_and(|end| end <= now) {
            return Ok(false);
        }
        match &caller.who {
            Who::User(session) => Ok(self.session(state, now, session.id).await?.is_some()),
            Who::Key(key) => {
                let found =
                    accounts::api_key_by_id(&state.store, now, key.business, key.id).await?;
                Ok(found.is_some())
            }
        }
    }

    /// Forgets a session that was just closed here.
    pub(crate) async fn forget(&self, session: Uuid) {
        self.sessions.invalidate(&session).await;
    }
}
