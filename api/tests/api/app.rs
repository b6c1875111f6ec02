//! A running API over a database of its own, and clients of every kind for it.

use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use api::{AccessKey, Api, Options, Probe, Readiness};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use store::Store;
use store::accounts::{self, NewApiKey, NewBusiness, NewMember, User};
use store::audit::Actor;
use store::leases::{self, Incarnation, Registration};
use store::seal::{Keys, MasterKey};
use store::slots::{Slots, Timing};
use switchyard_core::permission::{Role, Scope};
use switchyard_core::{BusinessId, KeyId, SessionId, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::database::{Database, Engine};
use crate::described;

pub(crate) const SETUP_TOKEN: &str = "the setup token of the test";
pub(crate) const PASSWORD: &str = "correct horse battery";
/// How long anything may take that a test waits for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

pub(crate) struct TestApp {
    pub(crate) url: String,
    pub(crate) store: Store,
    pub(crate) keys: Keys,
    pub(crate) slots: Slots,
    pub(crate) ready: Readiness,
    pub(crate) stop: CancellationToken,
    pub(crate) registry: prometheus::Registry,
    handle: ServerHandle,
    database: Database,
}

/// A business and its owner, who is not signed in yet.
pub(crate) struct Owner {
    pub(crate) business: BusinessId,
    pub(crate) user: User,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Options)) -> Self {
        Self::start_on(Engine::Sqlite, change).await
    }

    pub(crate) async fn start_on(engine: Engine, change: impl FnOnce(&mut Options)) -> Self {
        let registry = prometheus::Registry::new();
        let (database, store) = Database::create(engine, &registry).await;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let keys = Keys::new(store.clone(), MasterKey::generate());
        let at_once = Timing {
            grace: Duration::ZERO,
            ..Timing::default()
        };
        let slots = Slots::new(None, at_once);
        let (ready, stop) = (Readiness::new(), CancellationToken::new());
        let mut options = Options {
            store: store.clone(),
            keys: keys.clone(),
            registry: registry.clone(),
            access_key: AccessKey::derive(b"the master key of the test"),
            setup_token: Some(SecretString::from(SETUP_TOKEN)),
            public_base_url: url.clone(),
            calls_base_url: Some("https://calls.example.com/".to_owned()),
            limits: None,
            cache: None,
            slots: slots.clone(),
            call_limit: 50,
            business_call_limit: 10,
            trusted_proxies: Vec::new(),
            probe: Probe {
                store: store.clone(),
                role: "up",
                version: "0.0.0-test",
                sim: true,
                fail_points: false,
                ready: ready.clone(),
            },
            stop: stop.clone(),
        };
        change(&mut options);
        let server = api::serve(&Api::new(options).unwrap(), listener).unwrap();
        let handle = server.handle();
        tokio::spawn(server);
        Self {
            url,
            store,
            keys,
            slots,
            ready,
            stop,
            registry,
            handle,
            database,
        }
    }

    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.handle.stop(false).await;
        self.store.close().await;
        self.database.remove().await;
    }

    /// Nobody.
    pub(crate) fn anonymous(&self) -> Client {
        Client {
            http: http(),
            url: self.url.clone(),
            bearer: None,
        }
    }

    /// A business of its own with an owner who signs in by link.
    pub(crate) async fn business(&self, email: &str) -> Owner {
        let new = NewBusiness {
            name: format!("Business of {email}"),
            owner_name: "Ada".to_owned(),
            owner_email: email.to_owned(),
            password_hash: None,
            operator: false,
        };
        let made = accounts::create_business_with_owner(&self.store, Timestamp::now(), new);
        let (business, user) = made.await.unwrap();
        Owner {
            business: business.id,
            user,
        }
    }

    /// A new agent of this business.
    pub(crate) async fn agent(&self, business: BusinessId) -> User {
        self.member(business, Role::Agent).await
    }

    /// A registered shard.
    pub(crate) async fn shard(&self, number: u16) -> Incarnation {
        let registration = Registration {
            number,
            url: "http://127.0.0.1:1".to_owned(),
            capacity: 10,
            lease: Duration::from_mins(1),
        };
        let shard = leases::register(&self.store, Timestamp::now(), registration);
        shard.await.unwrap()
    }

    /// A registered shard takes this session.
    pub(crate) async fn hold(&self, session: SessionId, number: u16) {
        let shard = self.shard(number).await;
        leases::take(&self.store, shard, session)
            .await
            .unwrap()
            .unwrap();
    }

    /// A new person of this business.
    pub(crate) async fn member(&self, business: BusinessId, role: Role) -> User {
        let new = NewMember {
            name: "Bob".to_owned(),
            email: format!("{}@example.com", KeyId::generate()),
            password_hash: None,
            role,
        };
        let made = accounts::create_member(&self.store, Timestamp::now(), business, new);
        made.await.unwrap()
    }

    /// Signs in by link and answers what that said.
    pub(crate) async fn sign_in(&self, user: &User) -> Value {
        let now = Timestamp::now();
        let life = Duration::from_mins(10);
        let link = accounts::create_sign_in_link(&self.store, now, user.id, life)
            .await
            .unwrap();
        let body = json!({"token": link.expose_secret()});
        let answer = self.anonymous().post("/v1/auth/link", &body).await;
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.body
    }

    /// A client that is signed in as this user.
    pub(crate) async fn user(&self, user: &User) -> Client {
        let signed_in = self.sign_in(user).await;
        self.anonymous()
            .with(signed_in["access_token"].as_str().unwrap())
    }

    /// A client with a new key of this business.
    pub(crate) async fn key(&self, business: BusinessId, scopes: &[Scope]) -> (KeyId, Client) {
        self.key_at(business, scopes, 1_000, 1_000).await
    }

    pub(crate) async fn key_at(
        &self,
        business: BusinessId,
        scopes: &[Scope],
        per_second: u32,
        burst: u32,
    ) -> (KeyId, Client) {
        let new = NewApiKey {
            name: "robot".to_owned(),
            scopes: scopes.to_vec(),
            per_second,
            burst,
            expires_at: None,
            by: Actor::system(),
        };
        let made = accounts::create_api_key(&self.store, Timestamp::now(), business, new);
        let (id, secret) = made.await.unwrap();
        (id, self.anonymous().with(secret.expose_secret()))
    }
}

/// Somebody who calls the API.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) http: reqwest::Client,
    url: String,
    pub(crate) bearer: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Client {
    pub(crate) fn with(&self, bearer: &str) -> Self {
        Self {
            bearer: Some(bearer.to_owned()),
            ..self.clone()
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.bearer {
            Some(bearer) => request.bearer_auth(bearer),
            None => request,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let method = method.to_uppercase().parse().unwrap();
        Answer::of(self.request(method, path).json(body)).await
    }
}

impl Answer {
    /// Sends a request; fails on an answer that the description does not have. A live stream has no end: its body is left out.
    pub(crate) async fn of(request: RequestBuilder) -> Self {
        let (http, request) = request.build_split();
        let request = request.unwrap();
        let (method, path) = (request.method().clone(), request.url().path().to_owned());
        let response = http.execute(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let live = headers.get("content-type");
        let body = if live.is_some_and(|it| it == "text/event-stream") {
            Value::Null
        } else {
            let text = response.text().await.unwrap();
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        };
        described::check(method.as_str(), &path, status, &body);
        Self {
            status,
            headers,
            body,
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

/// TLS has no provider of its own in this build, and a client wants one even for `http`.
pub(crate) fn http() -> reqwest::Client {
    // Another test of this process may have been first.
    rustls::crypto::ring::default_provider()
        .install_default()
        .ok();
    let client = reqwest::Client::builder().timeout(PATIENCE);
    client.build().unwrap()
}
