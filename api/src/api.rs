//! What the API is built from and what every request shares.

use std::sync::Arc;

use actix_web::http::Uri;
use prometheus::Registry;
use secrecy::SecretString;
use store::Store;
use store::redis::Redis;
use store::seal::Keys;
use store::slots::Slots;
use tokio_util::sync::CancellationToken;

use crate::address::Network;
use crate::admin::Depths;
use crate::caller::Credentials;
use crate::cookie::Cookies;
use crate::events::slots::StreamSlots;
use crate::health::Probe;
use crate::limit::Limits;
use crate::method::Methods;
use crate::metrics::HttpMetrics;
use crate::password::Passwords;
use crate::token::{AccessKey, Tokens};

/// What the binary hands over.
pub struct Options {
    /// The database.
    pub store: Store,
    /// Opens what is sealed in it: the codes of link attempts.
    pub keys: Keys,
    /// Where the API's metrics are registered.
    pub registry: Registry,
    /// Signs access tokens; the same in every process.
    pub access_key: AccessKey,
    /// Opens `POST /v1/auth/setup`; without one that route answers 404.
    pub setup_token: Option<SecretString>,
    /// What people type to reach this installation, such as `https://wa.example.com`.
    pub public_base_url: String,
    /// Where the telephone company reaches the calls, when that is not the address that people type.
    pub calls_base_url: Option<String>,
    /// Where limits are counted for all processes; without it each counts by itself.
    pub limits: Option<Redis>,
    /// Where credentials are cached for all processes; without it each has a cache of its own.
    pub cache: Option<Redis>,
    /// The slots of calls: those of whoever takes them in this process, or shared by Redis.
    pub slots: Slots,
    /// The most calls at a time where no operator has set another number.
    pub call_limit: u32,
    /// The most calls of one business at a time.
    pub business_call_limit: u32,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// What the health routes tell.
    pub probe: Probe,
    /// When it is cancelled, live streams and long polls end at once.
    pub stop: CancellationToken,
}

/// Options that cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// The public address is not an http or https URL with a host.
    #[error("PUBLIC_BASE_URL must be like https://wa.example.com")]
    BaseUrl,
    /// A metric of that name is registered already.
    #[error("cannot register a metric: {0}")]
    Metrics(#[from] prometheus::Error),
    /// The cache of credentials could not be made.
    #[error("cannot make the cache of credentials: {0}")]
    Cache(#[from] store::Error),
    /// The description of the API could not be written.
    #[error("cannot write the description of the API: {0}")]
    Description(#[from] serde_json::Error),
}

/// The API, ready to be served; cheap to clone.
#[derive(Clone)]
pub struct Api(pub(crate) Arc<State>);

/// What every request shares.
pub(crate) struct State {
    pub(crate) store: Store,
    pub(crate) keys: Keys,
    pub(crate) tokens: Tokens,
    pub(crate) credentials: Credentials,
    pub(crate) passwords: Passwords,
    pub(crate) limits: Limits,
    pub(crate) streams: StreamSlots,
    pub(crate) depths: Depths,
    pub(crate) slots: Slots,
    pub(crate) call_limit: u32,
    pub(crate) business_call_limit: u32,
    pub(crate) cookies: Cookies,
    pub(crate) public_base_url: String,
    /// Without a slash at its end.
    pub(crate) calls_base_url: String,
    pub(crate) setup_token: Option<SecretString>,
    pub(crate) trusted_proxies: Vec<Network>,
    pub(crate) metrics: HttpMetrics,
    pub(crate) methods: Methods,
    pub(crate) description: String,
    pub(crate) probe: Probe,
    pub(crate) stop: CancellationToken,
}

impl Api {
    /// Reads the options; opens nothing and starts nothing.
    pub fn new(options: Options) -> Result<Self, OptionsError> {
        let base: Uri = (options.public_base_url.parse())
            .map_err(|_not_a_uri: actix_web::http::uri::InvalidUri| OptionsError::BaseUrl)?;
        let openapi = crate::openapi::openapi();
        let calls_base_url = (options.calls_base_url.as_ref())
            .unwrap_or(&options.public_base_url)
            .trim_end_matches('/')
            .to_owned();
        Ok(Self(Arc::new(State {
            store: options.store,
            keys: options.keys,
            tokens: Tokens::new(&options.access_key),
            credentials: Credentials::new(options.cache, &options.registry)?,
            passwords: Passwords::new(),
            limits: Limits::new(options.limits),
            streams: StreamSlots::default(),
            depths: Depths::default(),
            slots: options.slots,
            call_limit: options.call_limit,
            business_call_limit: options.business_call_limit,
            cookies: Cookies::of(&base).ok_or(OptionsError::BaseUrl)?,
            public_base_url: options.public_base_url,
            calls_base_url,
            setup_token: options.setup_token,
            trusted_proxies: options.trusted_proxies,
            metrics: HttpMetrics::register(&options.registry)?,
            methods: Methods::of(&openapi),
            description: openapi.to_json()?,
            probe: options.probe,
            stop: options.stop,
        })))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use store::StoreOptions;
    use store::seal::MasterKey;
    use store::slots::Timing;
    use switchyard_core::fail::FailPoints;

    use super::*;

    /// An API over an empty database, and the folder that holds it.
    pub(crate) async fn api() -> (Api, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::new();
        let options = StoreOptions {
            fail: Arc::new(FailPoints::none()),
            registry: registry.clone(),
            hints: true,
            answer: store::ANSWER,
        };
        let path = folder.path().join("switchyard.db");
        let store = Store::open_sqlite(&path, options).await.unwrap();
        store.migrate().await.unwrap();
        let options = Options {
            keys: Keys::new(store.clone(), MasterKey::generate()),
            probe: Probe {
                store: store.clone(),
                role: "api",
                version: "0.0.0-test",
                sim: false,
                fail_points: false,
                ready: crate::readiness::Readiness::new(),
            },
            store,
            registry,
            access_key: AccessKey::derive(b"of the test"),
            setup_token: None,
            public_base_url: "https://wa.example.com".to_owned(),
            calls_base_url: None,
            limits: None,
            cache: None,
            slots: Slots::new(None, Timing::default()),
            call_limit: 50,
            business_call_limit: 10,
            trusted_proxies: Vec::new(),
            stop: CancellationToken::new(),
        };
        (Api::new(options).unwrap(), folder)
    }
}
