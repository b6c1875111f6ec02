//! For every operation of the description something that it can be tried on, in one business.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use store::Lane;
use store::accounts::{self, NewApiKey};
use store::audit::Actor;
use store::jobs::{self, Ask, End, Finished};
use store::members::{self, NewInvitation};
use store::shards;
use switchyard_core::job::Job;
use switchyard_core::permission::{Role, Scope};
use switchyard_core::shard::ShardState;
use switchyard_core::{BusinessId, ChatId, Timestamp};

use crate::app::{Client, PASSWORD, TestApp};

/// What operations are tried on.
pub(crate) struct Targets<'a> {
    app: &'a TestApp,
    business: BusinessId,
    key: Client,
    /// A number that stays, through which messages go.
    session: String,
    number: AtomicU32,
    made: Mutex<Vec<String>>,
}

impl<'a> Targets<'a> {
    pub(crate) async fn of(app: &'a TestApp, business: BusinessId) -> Self {
        let (_, key) = app.key(business, &Scope::ALL).await;
        let number = key
            .post("/v1/sessions", &json!({"name": "Mark of hers"}))
            .await;
        let session = number.body["id"].as_str().unwrap().to_owned();
        Self {
            app,
            business,
            key,
            session,
            number: AtomicU32::new(1),
            made: Mutex::default(),
        }
    }

    /// Ids and words that nobody of another business may see.
    pub(crate) fn marks(&self) -> Vec<String> {
        let mut marks = self.made.lock().unwrap().clone();
        marks.extend(["Mark of hers".to_owned(), self.business.to_string()]);
        marks
    }

    fn count(&self) -> u32 {
        self.number.fetch_add(1, Ordering::Relaxed)
    }

    fn mark(&self, id: &str) -> String {
        self.made.lock().unwrap().push(id.to_owned());
        id.to_owned()
    }

    async fn new_session(&self) -> String {
        let body = json!({"name": "Mark of hers"});
        let made = self.key.post("/v1/sessions", &body).await;
        self.mark(made.body["id"].as_str().unwrap())
    }

    async fn moved(&self) {
        self.shard(2).await;
        let (store, by) = (&self.app.store, Actor::system());
        shards::move_business(store, Timestamp::now(), by, self.business, 2, false)
            .await
            .unwrap();
    }

    async fn drained(&self) {
        self.shard(1).await;
        self.shard(2).await;
        let (store, by) = (&self.app.store, Actor::system());
        shards::drain(store, Timestamp::now(), by, None, 1)
            .await
            .unwrap();
    }

    async fn message(&self) -> Value {
        let sent = self.key.post("/v1/messages", &self.text()).await;
        assert_eq!(sent.status, 202, "{:?}", sent.body);
        for id in ["id", "chat_id"] {
            self.mark(sent.body[id].as_str().unwrap());
        }
        sent.body
    }

    fn text(&self) -> Value {
        json!({"session_id": self.session, "to": "+972501234567", "text": "hello, Mark of hers"})
    }

    async fn contact(&self) -> String {
        self.message().await;
        let contacts = self.key.get("/v1/contacts").await;
        self.mark(contacts.body["data"][0]["id"].as_str().unwrap())
    }

    async fn user(&self) -> String {
        let user = self.app.member(self.business, Role::Agent).await;
        self.mark(&user.id.to_string())
    }

    async fn invitation(&self) {
        let new = NewInvitation {
            email: format!("{}@example.org", self.count()),
            role: Role::Agent,
            life: Duration::from_mins(1),
        };
        let (store, by) = (&self.app.store, Actor::system());
        let invited = members::invite(store, Timestamp::now(), by, self.business, new);
        let (id, _) = invited.await.unwrap();
        self.mark(&id.to_string());
    }

    async fn api_key(&self) -> String {
        let new = NewApiKey {
            name: "Mark of hers".to_owned(),
            scopes: vec![Scope::EventsRead],
            per_second: 1,
            burst: 1,
            expires_at: None,
            by: Actor::system(),
        };
        let made = accounts::create_api_key(&self.app.store, Timestamp::now(), self.business, new);
        self.mark(&made.await.unwrap().0.to_string())
    }

    /// A number that nobody else has.
    fn line(&self) -> String {
        format!("+4420790{:05}", self.count())
    }

    async fn call_number(&self) -> String {
        let body = json!({"phone": self.line(), "name": "Mark of hers"});
        let made = self.key.post("/v1/call-numbers", &body).await;
        let id = self.mark(made.body["id"].as_str().unwrap());
        // A business has a hundred at most.
        self.made
            .lock()
            .unwrap()
            .push(made.body["phone"].as_str().unwrap().to_owned());
        id
    }

    /// A call to place, from a number of its own.
    async fn outgoing(&self) -> Value {
        self.call_number().await;
        let from = self.made.lock().unwrap().last().cloned();
        json!({"to": "+972501234567", "from": from, "text": "Mark of hers"})
    }

    /// A live call with something recorded in it.
    async fn call(&self) -> String {
        let sid = format!("CA{}", uuid::Uuid::now_v7().simple());
        crate::calls::recorded(self.app, self.business, &sid, &[7; 300]).await;
        self.mark(&sid)
    }

    async fn flow(&self) -> Value {
        let mut flow = self.key.get("/v1/call-flow").await.body;
        flow["flow"]["nodes"]["voicemail"]["prompt"] = json!("hello, Mark of hers");
        json!({"version": flow["version"], "flow": flow["flow"]})
    }

    /// A shard of that number, where there is none yet: on Postgres a live one keeps its number to itself.
    async fn shard(&self, number: u16) {
        let all = shards::list(&self.app.store).await.unwrap();
        let stands = |it: &shards::Shard| it.number == number && it.state != ShardState::Lost;
        if !all.iter().any(stands) {
            self.app.shard(number).await;
        }
    }

    /// A dead letter of this business.
    async fn dead_letter(&self) -> String {
        let (store, now) = (&self.app.store, Timestamp::now());
        let chat = ChatId::generate();
        let input = (self.business, now, chat);
        let pushed = store.write(Lane::Rest, input, |tx, (business, now, chat)| {
            let job = Job::SyncReceipts { chat: *chat };
            Box::pin(async move { jobs::push(tx, *now, Some(*business), &job, *now).await })
        });
        assert!(pushed.await.unwrap());
        let ask = Ask {
            kind: "sync_receipts",
            worker: "of the test".into(),
            slots: 100,
            free: 100,
            running: HashMap::new(),
            after: None,
            lease: Duration::from_mins(1),
        };
        let claimed = jobs::claim(store, now, ask).await.unwrap().jobs;
        let ours = |it: &&jobs::Claimed| it.business == Some(self.business);
        let claimed = claimed.iter().find(ours).unwrap();
        let finished = Finished {
            id: claimed.id,
            fence: claimed.fence,
            end: End::Dead { code: "refused" },
        };
        jobs::finish(store, now, vec![finished]).await.unwrap();
        self.mark(&claimed.id.to_string())
    }

    /// A path and a body that the operation takes, with something fresh of this business; fails for an operation that
    /// nobody has thought of here.
    pub(crate) async fn build(&self, operation: &str) -> (String, Value) {
        let (_, path) = operation.split_once(' ').unwrap();
        let nothing = json!({});
        let limits = json!({"limits": {"sessions": 1_000}});
        if path.contains("{call_sid}") {
            return (path.replace("{call_sid}", &self.call().await), nothing);
        }
        let (id, body) = match operation {
            "get /v1/sessions/{id}"
            | "delete /v1/sessions/{id}"
            | "get /v1/sessions/{id}/qr"
            | "post /v1/sessions/{id}/disconnect"
            | "post /v1/sessions/{id}/logout" => (self.new_session().await, nothing),
            "post /v1/sessions/{id}/connect" | "post /v1/sessions/{id}/restart" => {
                self.shard(2).await;
                (self.new_session().await, nothing)
            }
            "patch /v1/sessions/{id}" => {
                (self.new_session().await, json!({"name": "Mark of hers"}))
            }
            "get /v1/messages/{id}" => {
                let message = self.message().await;
                (message["id"].as_str().unwrap().to_owned(), nothing)
            }
            "get /v1/chats/{id}" | "get /v1/chats/{id}/messages" | "post /v1/chats/{id}/read" => {
                let message = self.message().await;
                (message["chat_id"].as_str().unwrap().to_owned(), nothing)
            }
            "get /v1/contacts/{id}" => (self.contact().await, nothing),
            "patch /v1/members/{id}" => (self.user().await, json!({"role": "admin"})),
            "delete /v1/members/{id}" => (self.user().await, nothing),
            "delete /v1/api-keys/{id}" => (self.api_key().await, nothing),
            "patch /v1/admin/users/{id}" => (self.user().await, json!({"status": "suspended"})),
            "post /v1/admin/dead-letters/{id}/retry" => (self.dead_letter().await, nothing),
            "delete /v1/call-numbers/{id}" => (self.call_number().await, nothing),
            "get /v1/admin/queues/{queue}/minutes"
            | "post /v1/admin/queues/{queue}/pause"
            | "post /v1/admin/queues/{queue}/resume" => {
                return (path.replace("{queue}", "recordings"), nothing);
            }
            "get /v1/admin/businesses/{id}" => (self.business.to_string(), nothing),
            "patch /v1/admin/businesses/{id}" => (self.business.to_string(), limits),
            "get /v1/admin/businesses/{id}/move" => {
                self.moved().await;
                (self.business.to_string(), nothing)
            }
            "post /v1/admin/businesses/{id}/move" => {
                self.shard(2).await;
                (self.business.to_string(), json!({"shard": 2}))
            }
            "get /v1/admin/shards/{number}/drain"
            | "post /v1/admin/shards/{number}/drain"
            | "post /v1/admin/shards/{number}/undrain" => {
                self.drained().await;
                return (path.replace("{number}", "1"), nothing);
            }
            whole => return (path.to_owned(), self.body(whole).await),
        };
        (path.replace("{id}", &id), body)
    }

    /// The body of an operation that names nothing in its path.
    async fn body(&self, operation: &str) -> Value {
        match operation {
            "post /v1/sessions" | "patch /v1/business" => json!({"name": "Mark of hers"}),
            "post /v1/messages" => self.text(),
            "post /v1/call-numbers" => {
                self.call_number().await;
                json!({"phone": self.line(), "name": "Mark of hers"})
            }
            "post /v1/calls" => self.outgoing().await,
            "put /v1/call-flow" => self.flow().await,
            "put /v1/admin/calls/limit" => json!({"limit": 60}),
            "post /v1/members" => {
                self.invitation().await;
                json!({"email": format!("{}@example.net", self.count()), "role": "agent"})
            }
            "post /v1/api-keys" => json!({"name": "Mark of hers", "scopes": ["events:read"]}),
            "post /v1/me/password" => {
                json!({"current": PASSWORD, "new": "a river under the bridge"})
            }
            "post /v1/me/business" => json!({"business_id": self.business.to_string()}),
            "post /v1/admin/businesses" => json!({"name": "Another"}),
            "post /v1/auth/logout"
            | "get /v1/me"
            | "get /v1/business"
            | "get /v1/audit"
            | "get /v1/sessions"
            | "get /v1/chats"
            | "get /v1/contacts"
            | "get /v1/calls"
            | "get /v1/call-flow"
            | "get /v1/call-load"
            | "get /v1/call-numbers"
            | "get /v1/admin/calls"
            | "get /v1/admin/calls/limit"
            | "get /v1/events"
            | "get /v1/events/stream"
            | "get /v1/members"
            | "get /v1/api-keys"
            | "get /v1/admin/audit"
            | "get /v1/admin/shards"
            | "get /v1/admin/queues"
            | "get /v1/admin/dead-letters"
            | "post /v1/admin/dead-letters/retry"
            | "get /v1/admin/businesses"
            | "get /v1/admin/users" => json!({}),
            public => {
                let known = crate::tenancy::PUBLIC.contains(&public);
                assert!(known, "nobody has said how to try `{public}`: add it here");
                json!({})
            }
        }
    }
}
