//! A database, the keys of its vault, and shards over it, one after the other.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use store::messages::{self, Accepted, NewMessage};
use store::seal::{Keys, MasterKey};
use store::sessions::{self, Session};
use store::{Store, StoreOptions, events, links};
use switchyard_core::address::parse_recipient;
use switchyard_core::event::EventType;
use switchyard_core::fail::FailPoints;
use switchyard_core::message::Source;
use switchyard_core::object::{EventObject, MessageObject};
use switchyard_core::reason::SessionReason;
use switchyard_core::session::{SessionState, Wanted};
use switchyard_core::{BusinessId, MessageId, SessionId, Timestamp};
use switchyard_shard_worker::{Network, Patience, Shard, ShardOptions};
use tokio_util::sync::CancellationToken;

use crate::phones::{Phones, until};

/// A short lease, so that a test need not wait long for its end.
pub(crate) const LEASE: Duration = Duration::from_secs(3);

/// The number of the business in most tests.
pub(crate) const OURS: &str = "972500000001";

/// A database in a folder of its own, and one business.
pub(crate) struct Stage {
    pub(crate) store: Store,
    pub(crate) business: BusinessId,
    pub(crate) phones: Phones,
    keys: Keys,
    patience: Patience,
    lease: Duration,
    folder: tempfile::TempDir,
}

impl Stage {
    /// A fresh one, with a network of its own.
    pub(crate) async fn set() -> Self {
        Self::set_with(1.0).await
    }

    /// A fresh one; the codes of its network live `qr_scale` times as long as WhatsApp's.
    pub(crate) async fn set_with(qr_scale: f64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open(&folder.path().join("test.db")).await;
        Self {
            keys: Keys::new(store.clone(), MasterKey::generate()),
            store,
            business: BusinessId::generate(),
            phones: Phones::start(qr_scale).await,
            patience: Patience::default(),
            lease: LEASE,
            folder,
        }
    }

    /// One over a database that is there already, for a business that is written down there.
    pub(crate) async fn over(store: Store, business: BusinessId, patience: Patience) -> Self {
        Self {
            keys: Keys::new(store.clone(), MasterKey::generate()),
            store,
            business,
            phones: Phones::start(1.0).await,
            patience,
            lease: LEASE,
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    /// The usual one: with phones for us and for others, a running shard and a connected session of ours.
    pub(crate) async fn opened(others: &[&str]) -> (Self, Shard, SessionId) {
        Box::pin(Self::opened_with(Patience::default(), others)).await
    }

    /// The usual one, whose shard waits as long as it is told.
    pub(crate) async fn opened_with(
        patience: Patience,
        others: &[&str],
    ) -> (Self, Shard, SessionId) {
        let mut stage = Self::set().await;
        stage.patience = patience;
        for phone in others {
            stage.phones.add(phone).await;
        }
        stage.phones.add(OURS).await;
        let shard = Box::pin(stage.shard()).await;
        let session = Box::pin(stage.linked(OURS)).await;
        (stage, shard, session)
    }

    /// The usual one, whose shard outlives a database that is away for so long, and what that shard counts.
    pub(crate) async fn opened_for_long(
        lease: Duration,
        others: &[&str],
    ) -> (Self, Shard, SessionId, prometheus::Registry) {
        let mut stage = Self::set().await;
        stage.lease = lease;
        for phone in others {
            stage.phones.add(phone).await;
        }
        stage.phones.add(OURS).await;
        let registry = prometheus::Registry::new();
        let shard = Box::pin(stage.shard_counted(registry.clone())).await;
        let session = Box::pin(stage.linked(OURS)).await;
        (stage, shard, session, registry)
    }

    /// Stops the shard and the network.
    pub(crate) async fn close(self, shard: Shard) {
        shard.stop().await;
        self.phones.stop().await;
    }

    /// Starts a shard over it.
    pub(crate) async fn shard(&self) -> Shard {
        Box::pin(self.shard_counted(prometheus::Registry::new())).await
    }

    async fn shard_counted(&self, registry: prometheus::Registry) -> Shard {
        Box::pin(self.shard_numbered(1, registry)).await
    }

    /// Starts the shard of that number over it.
    pub(crate) async fn shard_numbered(
        &self,
        number: u16,
        registry: prometheus::Registry,
    ) -> Shard {
        let options = ShardOptions {
            store: self.store.clone(),
            keys: self.keys.clone(),
            number,
            shards: 1,
            internal_url: "http://127.0.0.1:1".to_owned(),
            internal_key: None,
            capacity: 1_000,
            lease: self.lease,
            patience: self.patience,
            network: Network::Simulated(self.phones.whatsapp_url()),
            fail: Arc::new(FailPoints::none()),
            registry,
        };
        let (soft, hard) = (CancellationToken::new(), CancellationToken::new());
        Box::pin(Shard::start(options, soft, hard))
            .await
            .expect("a shard")
    }

    /// A new session of the business.
    pub(crate) async fn session(&self) -> SessionId {
        let made = sessions::create(&self.store, Timestamp::now(), self.business, "test").await;
        made.expect("a session").id
    }

    /// The business wants something of a session.
    pub(crate) async fn want(&self, session: SessionId, wanted: Wanted) {
        let now = Timestamp::now();
        let wish = sessions::want(&self.store, now, self.business, session, wanted).await;
        wish.expect("a wish");
    }

    /// How a session stands.
    pub(crate) async fn look(&self, session: SessionId) -> Option<Session> {
        let found = sessions::stored(&self.store, self.business, session).await;
        found.expect("an answer")
    }

    /// Waits until a session is in a state.
    pub(crate) async fn reaches(&self, session: SessionId, state: SessionState) -> Session {
        until(state.name(), async || {
            self.look(session).await.filter(|it| it.state == state)
        })
        .await
    }

    /// Waits until a session is in the state of a reason, for that reason.
    pub(crate) async fn ends(&self, session: SessionId, reason: SessionReason) -> Session {
        until(reason.code(), async || {
            let found = self.look(session).await;
            found.filter(|it| it.reason == Some(reason))
        })
        .await
    }

    /// The code that a session shows now.
    pub(crate) async fn code(&self, session: SessionId) -> String {
        until("a code", async || {
            let attempt = links::get(&self.keys, self.business, session).await;
            let attempt = attempt.expect("an answer")?;
            Some(attempt.payload.expose_secret().to_owned())
        })
        .await
    }

    /// The database's file.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("test.db")
    }

    /// The business sends a text; the message as it was accepted.
    pub(crate) async fn send(&self, session: SessionId, to: &str, text: &str) -> MessageObject {
        let message = NewMessage {
            session: Some(session),
            to: parse_recipient(to).expect("a recipient"),
            text: text.to_owned(),
            source: Source::Api,
            expires_in_s: 600,
            idempotency: None,
        };
        let now = Timestamp::now();
        match messages::accept(&self.store, now, self.business, message).await {
            Ok(Accepted::New(message) | Accepted::Replay(message)) => message,
            Err(error) => panic!("not accepted: {error}"),
        }
    }

    /// A message of the business.
    pub(crate) async fn message(&self, id: MessageId) -> MessageObject {
        let found = messages::get(&self.store, self.business, id).await;
        found.expect("an answer").expect("a message")
    }

    /// Everything that happened, as the business is told.
    pub(crate) async fn events(&self, kind: EventType) -> Vec<EventObject> {
        let found = events::after(&self.store, self.business, 0, 1_000).await;
        let all = found.expect("an answer").events;
        all.into_iter().filter(|it| it.kind == kind).collect()
    }

    /// Links a new session to a phone and waits until it is connected.
    pub(crate) async fn linked(&self, phone: &str) -> SessionId {
        let session = self.session().await;
        self.want(session, Wanted::Connected).await;
        let code = self.code(session).await;
        assert!(self.phones.scan(phone, &code).await, "the scan was refused");
        self.reaches(session, SessionState::Connected).await;
        session
    }
}

async fn open(path: &Path) -> Store {
    let options = StoreOptions {
        fail: Arc::new(FailPoints::none()),
        registry: prometheus::Registry::new(),
        hints: true,
        answer: store::ANSWER,
    };
    let store = Store::open_sqlite(path, options).await.expect("a database");
    store.migrate().await.expect("a schema");
    store
}
