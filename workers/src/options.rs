//! What a worker process is started with.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret as _, SecretString};
use store::Store;
use store::seal::Keys;
use switchyard_core::drain::{DrainAnswer, DrainRequest};
use switchyard_core::queue::Group;

/// Asks the shard of this process to drain a chat.
#[derive(Clone)]
pub struct Nearby(Arc<dyn Fn(DrainRequest) -> BoxFuture<'static, DrainAnswer> + Send + Sync>);

impl Nearby {
    /// A shard that is asked by calling this.
    pub fn new<F, A>(drain: F) -> Self
    where
        F: Fn(DrainRequest) -> A + Send + Sync + 'static,
        A: Future<Output = DrainAnswer> + Send + 'static,
    {
        Self(Arc::new(move |request| Box::pin(drain(request))))
    }

    pub(crate) async fn drain(&self, request: DrainRequest) -> DrainAnswer {
        (self.0)(request).await
    }
}

impl fmt::Debug for Nearby {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nearby")
    }
}

/// A recording arrives within this.
const FETCH: Duration = Duration::from_mins(5);
/// How often an account that is not taken is asked about.
const PROBE: Duration = Duration::from_mins(1);

/// Where recordings are fetched, and under whose keys they are kept.
#[derive(Clone)]
pub struct Recordings {
    pub(crate) keys: Keys,
    pub(crate) client: reqwest::Client,
    pub(crate) base_url: String,
    pub(crate) account_sid: String,
    pub(crate) auth_token: SecretString,
    pub(crate) probe_every: Duration,
}

/// A client wants a provider of TLS; another part of this process may have been first.
pub(crate) fn provide_tls() {
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
}

impl Recordings {
    /// From the account of a provider that speaks Twilio's dialect, reached at `base_url`, such as
    /// `https://api.twilio.com`.
    pub fn new(
        keys: Keys,
        base_url: &str,
        account_sid: &str,
        auth_token: SecretString,
    ) -> reqwest::Result<Self> {
        provide_tls();
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .timeout(FETCH)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self {
            keys,
            client,
            base_url: base_url.trim_end_matches('/').to_owned(),
            account_sid: account_sid.to_owned(),
            auth_token,
            probe_every: PROBE,
        })
    }

    /// How often an account that is not taken is asked about; otherwise once a minute.
    #[must_use]
    pub fn probing_every(self, every: Duration) -> Self {
        Self {
            probe_every: every,
            ..self
        }
    }

    /// What is asked with the account's credentials; `path` is below the account's own.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let (base, account) = (&self.base_url, &self.account_sid);
        let url = format!("{base}/2010-04-01/Accounts/{account}{path}");
        let request = self.client.request(method, url);
        request.basic_auth(account, Some(self.auth_token.expose_secret()))
    }
}

impl fmt::Debug for Recordings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recordings({}, …)", self.base_url)
    }
}

/// What a worker process serves, and how.
#[derive(Debug)]
pub struct WorkerOptions {
    /// Where the jobs are.
    pub store: Store,
    /// The groups whose queues this process serves.
    pub groups: Vec<Group>,
    /// Jobs of a kind that run at once in this process, where it differs from [`slots_of`].
    pub slots: HashMap<&'static str, u32>,
    /// The shard of this process, which is asked without a detour over the network.
    pub nearby: Option<Nearby>,
    /// What a shard asks for; `None` where shards listen on loopback only.
    pub internal_key: Option<SecretString>,
    /// Where recordings of calls are fetched; `None`: no telephone company is set.
    pub recordings: Option<Recordings>,
    /// Where the metrics are registered.
    pub registry: prometheus::Registry,
    /// How fast things go.
    pub pace: Pace,
}

/// The spans of a worker process. The defaults are the product's; tests shorten them.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// A claim is ours for so long unless it is renewed, which happens every quarter of it.
    pub lease: Duration,
    /// Without any hint the queues are looked at this often.
    pub poll: Duration,
    /// No attempt may take longer than this, whatever its queue allows.
    pub timeout_at_most: Duration,
    /// No wait between two attempts is longer than this, whatever its queue says.
    pub backoff_at_most: Duration,
}

impl Default for Pace {
    /// 20 s: a killed worker's jobs run elsewhere within 30 s. 1 s: what a lost hint may cost.
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(20),
            poll: Duration::from_secs(1),
            timeout_at_most: Duration::MAX,
            backoff_at_most: Duration::MAX,
        }
    }
}

impl WorkerOptions {
    /// The product's pace and slots.
    pub fn new(
        store: Store,
        groups: Vec<Group>,
        internal_key: Option<SecretString>,
        registry: prometheus::Registry,
    ) -> Self {
        Self {
            store,
            groups,
            slots: HashMap::new(),
            nearby: None,
            internal_key,
            recordings: None,
            registry,
            pace: Pace::default(),
        }
    }

    pub(crate) fn slots(&self, kind: &str) -> u32 {
        let slots = self.slots.get(kind).copied();
        slots.unwrap_or_else(|| slots_of(kind)).max(1)
    }
}

/// Jobs of a kind that one process runs at once. Sending waits mostly for the network, the writing of receipts
/// for the disk; a sweep is alone.
pub fn slots_of(kind: &str) -> u32 {
    match kind {
        "drain_chat" => 32,
        "apply_receipts" | "sync_receipts" => 8,
        "fetch_recording" | "drop_recording" | "answer_missed_call" => 4,
        _ => 1,
    }
}
