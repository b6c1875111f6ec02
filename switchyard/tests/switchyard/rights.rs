//! Rights that end in one process of the API end in the other: a key that is revoked, a person who is removed, a business
//! that is suspended; for every kind of credential, and for what it has open.

use std::time::{Duration, Instant};

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::outside::LONG;
use crate::outside::api::Api;
use crate::outside::cluster::{Cluster, Role};
use crate::outside::redis::Redis;

/// What a process that heard of it still lets pass: far less than a row is kept.
const AT_ONCE: Duration = Duration::from_secs(2);
/// What is promised whatever is heard.
const PROMISED: Duration = Duration::from_secs(5);

const PASSWORD: &str = "a long password of the tests";

/// Two processes of the API, with an operator.
struct Two {
    cluster: Cluster,
    /// The process that takes rights away.
    here: Role,
    /// For so long after that the other may not know.
    bound: Duration,
    operator: Api,
}

/// A credential as the other process is shown it.
enum Shown {
    Bearer(Api),
    Cookie(String, String),
}

impl Shown {
    async fn status(&self, path: &str) -> u16 {
        match self {
            Self::Bearer(api) => {
                let answer = api.attempt(Method::GET, path, None, None).await;
                answer.unwrap().0.as_u16()
            }
            Self::Cookie(url, cookie) => {
                let client = crate::outside::http().build().unwrap();
                let request = client.get(format!("{url}{path}")).header("Cookie", cookie);
                request.send().await.unwrap().status().as_u16()
            }
        }
    }
}

/// A business with one credential of each kind, all of them known to the other process, and its live streams there.
struct Known {
    business: String,
    owner: Api,
    key_id: String,
    person_id: String,
    of_people: Vec<Shown>,
    of_key: Vec<Shown>,
    streams_of_people: Vec<Response>,
    streams_of_key: Vec<Response>,
}

impl Two {
    async fn start(settings: &[(&'static str, String)], bound: Duration) -> Self {
        let mut cluster = Box::pin(Cluster::start(settings)).await;
        let made = cluster.run(&["user", "operator", "owner@example.com"]);
        assert_eq!(made.code, Some(0), "{}", made.stderr);
        let here = cluster.beside(0).await;
        let anonymous = here.public(String::new());
        let operator = signed_in(&anonymous, "owner@example.com").await;
        let operator = here.public(token(&operator));
        Self {
            cluster,
            here,
            bound,
            operator,
        }
    }

    fn there(&self, credential: &str) -> Api {
        self.cluster.roles[0].public(credential.to_owned())
    }

    async fn business(&self, owner_email: &str) -> Known {
        let new = json!({ "name": "Bar", "owner_email": owner_email });
        let made = self.operator.post("/v1/admin/businesses", new).await;
        let business = text(&made["id"]);
        let joined = join(&self.here.public(String::new()), &text(&made["invite_url"])).await;
        let owner = self.here.public(token(&joined));
        let agent_email = format!("agent-of-{owner_email}");
        let invited = json!({ "email": agent_email, "role": "agent" });
        let invited = owner.post("/v1/members", invited).await;
        let agent = join(
            &self.here.public(String::new()),
            &text(&invited["invite_url"]),
        )
        .await;
        let key = json!({ "name": "Till", "scopes": ["messages:read", "events:read"] });
        let key = owner.post("/v1/api-keys", key).await;
        let secret = text(&key["secret"]);
        let people = vec![
            Shown::Bearer(self.there(&token(&agent))),
            self.cookie(&agent_email).await,
        ];
        let known = Known {
            streams_of_people: vec![self.there(&token(&agent)).stream(STREAM).await],
            streams_of_key: vec![self.there(&secret).stream(STREAM).await],
            business,
            owner,
            key_id: text(&key["id"]),
            person_id: text(&agent["user"]["id"]),
            of_people: people,
            of_key: vec![Shown::Bearer(self.there(&secret))],
        };
        for shown in known.of_people.iter().chain(&known.of_key) {
            assert_eq!(shown.status(CHATS).await, 200);
        }
        known
    }

    /// Signs in there with cookies, as a browser does.
    async fn cookie(&self, email: &str) -> Shown {
        let url = self.there("").url().to_owned();
        let client = crate::outside::http().build().unwrap();
        let login = json!({ "email": email, "password": PASSWORD, "cookie": true });
        let answer = client
            .post(format!("{url}/v1/auth/login"))
            .json(&login)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let cookies = answer.headers().get_all("set-cookie").iter();
        let cookies = cookies.map(|it| it.to_str().unwrap().split(';').next().unwrap());
        Shown::Cookie(url, cookies.collect::<Vec<_>>().join("; "))
    }

    /// No request that begins after the bound gets through, and every stream ends.
    async fn are_over(&self, shown: &[Shown], streams: Vec<Response>, what: &str) {
        let ended = Instant::now();
        for one in shown {
            loop {
                let asked = ended.elapsed();
                if one.status(CHATS).await == 401 {
                    break;
                }
                assert!(asked < self.bound, "{what}: let in after {asked:?}");
            }
        }
        for mut stream in streams {
            let end = async { while let Ok(Some(_)) = stream.chunk().await {} };
            timeout(LONG, end).await.unwrap();
        }
        let took = ended.elapsed();
        // A stream looks once a second; the machine is busy with other tests.
        let bound = self.bound + Duration::from_secs(1);
        assert!(took < bound, "{what}: a stream ended after {took:?}");
        println!("{what}: all over after {took:?}");
    }

    /// Takes rights away in every way that there is.
    async fn take_away(self) {
        let known = self.business("dana@example.com").await;
        end(&known.owner, &format!("/v1/api-keys/{}", known.key_id)).await;
        self.are_over(&known.of_key, known.streams_of_key, "a revoked key")
            .await;
        end(&known.owner, &format!("/v1/members/{}", known.person_id)).await;
        self.are_over(
            &known.of_people,
            known.streams_of_people,
            "a person who was removed",
        )
        .await;

        let known = self.business("gil@example.com").await;
        let path = format!("/v1/admin/businesses/{}", known.business);
        let suspended = json!({ "status": "suspended" });
        let answer = self
            .operator
            .attempt(Method::PATCH, &path, Some(&suspended), None);
        let (status, answer) = answer.await.unwrap();
        assert_eq!(status, StatusCode::OK, "{answer}");
        let what = "a suspended business";
        self.are_over(&known.of_key, known.streams_of_key, what)
            .await;
        self.are_over(&known.of_people, known.streams_of_people, what)
            .await;
    }
}

const CHATS: &str = "/v1/chats";
const STREAM: &str = "/v1/events/stream";

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn token(signed_in: &Value) -> String {
    text(&signed_in["access_token"])
}

async fn signed_in(anonymous: &Api, email: &str) -> Value {
    let login = json!({ "email": email, "password": PASSWORD });
    anonymous.post("/v1/auth/login", login).await
}

async fn join(anonymous: &Api, invite_url: &str) -> Value {
    let (_, token) = invite_url.split_once("#token=").unwrap();
    let accept = json!({ "token": token, "name": "Dana", "password": PASSWORD });
    anonymous.post("/v1/auth/invitation", accept).await
}

async fn end(owner: &Api, path: &str) {
    let (status, body) = owner
        .attempt(Method::DELETE, path, None, None)
        .await
        .unwrap();
    assert_eq!(status, StatusCode::NO_CONTENT, "DELETE {path}: {body}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_end_at_once_in_the_other_process() {
    Box::pin(Two::start(&[], AT_ONCE)).await.take_away().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_end_at_once_in_the_other_process_when_redis_keeps_the_credentials() {
    let redis = Redis::start().await;
    let settings = [("REDIS_URL", format!("redis://127.0.0.1:{}", redis.port()))];
    Box::pin(Two::start(&settings, AT_ONCE))
        .await
        .take_away()
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rights_end_within_five_seconds_where_nobody_hears_of_it() {
    let settings = [("SWITCHYARD_HINTS", "off".to_owned())];
    Box::pin(Two::start(&settings, PROMISED))
        .await
        .take_away()
        .await;
}
