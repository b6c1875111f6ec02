//! `drain_chat` against a shard on the network: every outcome, and a shard that is away.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpServer, web};
use store::leases::{self, Registration};
use store::sessions;
use switchyard_core::drain::{DRAIN_MAX_MESSAGES, DrainAnswer, DrainOutcome, DrainRequest};
use switchyard_core::job::Job;
use switchyard_core::{BusinessId, ChatId, SessionId, Timestamp};
use workers::Pace;

use crate::bench::{Bench, FAST, both_engines, eventually, push};

/// As the product, but quick to look.
const PACE: Pace = Pace {
    timeout_at_most: Duration::from_mins(1),
    ..FAST
};

/// What a shard on the network heard, and what it answers next.
#[derive(Default)]
struct Shard {
    heard: Mutex<Vec<DrainRequest>>,
    keys: Mutex<Vec<Option<String>>>,
    /// Answered in order; the last one again and again.
    answers: Mutex<Vec<DrainAnswer>>,
}

impl Shard {
    fn heard(&self) -> usize {
        self.heard.lock().unwrap().len()
    }
}

fn answer(outcome: DrainOutcome) -> DrainAnswer {
    DrainAnswer {
        outcome,
        sent: 0,
        failed: 0,
        retry_after_ms: 0,
    }
}

async fn drain(
    shard: web::Data<Shard>,
    request: HttpRequest,
    body: web::Json<DrainRequest>,
) -> web::Json<DrainAnswer> {
    shard.heard.lock().unwrap().push(*body);
    let key = request.headers().get("authorization");
    let key = key.and_then(|it| it.to_str().ok()).map(str::to_owned);
    shard.keys.lock().unwrap().push(key);
    let mut answers = shard.answers.lock().unwrap();
    let next = if answers.len() > 1 {
        answers.remove(0)
    } else {
        answers[0]
    };
    web::Json(next)
}

/// Serves until the test's runtime ends; answers where.
fn serve(answers: Vec<DrainAnswer>) -> (Arc<Shard>, String) {
    let shard = web::Data::new(Shard {
        answers: Mutex::new(answers),
        ..Shard::default()
    });
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = {
        let shard = shard.clone();
        move || {
            App::new()
                .app_data(shard.clone())
                .route("/internal/v1/drain", web::post().to(drain))
        }
    };
    let server = HttpServer::new(app)
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap();
    tokio::spawn(server.run());
    (shard.into_inner(), url)
}

/// A session that the shard at `url` holds.
async fn held_at(bench: &Bench, number: u16, url: &str) -> (BusinessId, SessionId) {
    let business = BusinessId::generate();
    let now = Timestamp::now();
    let session = sessions::create(&bench.store, now, business, "Front desk")
        .await
        .unwrap();
    take(bench, number, url, session.id).await;
    (business, session.id)
}

async fn take(bench: &Bench, number: u16, url: &str, session: SessionId) {
    let registration = Registration {
        number,
        url: url.to_owned(),
        capacity: 100,
        lease: Duration::from_mins(1),
    };
    let shard = leases::register(&bench.store, Timestamp::now(), registration)
        .await
        .unwrap();
    leases::take(&bench.store, shard, session)
        .await
        .unwrap()
        .unwrap();
}

async fn push_drain(bench: &Bench, business: BusinessId, session: SessionId) -> ChatId {
    let chat = ChatId::generate();
    push(
        &bench.store,
        business,
        vec![Job::DrainChat { session, chat }],
    )
    .await;
    chat
}

/// Runs one drain against these answers; how often the shard was asked.
async fn drained_by(bench: &Bench, answers: &[DrainOutcome]) -> usize {
    let (shard, url) = serve(answers.iter().map(|it| answer(*it)).collect());
    let (business, session) = held_at(bench, 1, &url).await;
    let chat = push_drain(bench, business, session).await;
    let crew = bench.product(PACE);
    bench.idle().await;
    crew.stop().await;
    assert!(bench.dead().await.is_empty());
    let asked = DrainRequest {
        session_id: session,
        chat_id: chat,
        max: DRAIN_MAX_MESSAGES,
    };
    assert!(shard.heard.lock().unwrap().iter().all(|it| *it == asked));
    let key = Some("Bearer the-internal-key".to_owned());
    assert!(shard.keys.lock().unwrap().iter().all(|it| *it == key));
    shard.heard()
}

both_engines! {
    async fn a_drained_chat_is_done(bench: &Bench) {
        assert_eq!(drained_by(bench, &[DrainOutcome::Drained]).await, 1);
    }

    async fn a_session_that_is_not_connected_is_no_failure(bench: &Bench) {
        assert_eq!(drained_by(bench, &[DrainOutcome::NotConnected]).await, 1);
    }

    async fn more_comes_again_however_often_and_never_dies(bench: &Bench) {
        let mut answers = vec![DrainOutcome::More; 30];
        answers.push(DrainOutcome::Drained);
        assert_eq!(drained_by(bench, &answers).await, 31);
    }

    async fn fenced_and_not_mine_count_as_no_attempt(bench: &Bench) {
        let answers = [DrainOutcome::Fenced, DrainOutcome::NotMine, DrainOutcome::Drained];
        assert_eq!(drained_by(bench, &answers).await, 3);
    }

    async fn a_session_that_nobody_holds_asks_nobody(bench: &Bench) {
        let business = BusinessId::generate();
        let now = Timestamp::now();
        let session = sessions::create(&bench.store, now, business, "Front desk").await.unwrap();
        push_drain(bench, business, session.id).await;
        let crew = bench.product(PACE);
        bench.idle().await;
        crew.stop().await;
        assert!(bench.dead().await.is_empty());
    }

    async fn a_drain_follows_the_session_to_the_shard_that_holds_it_now(bench: &Bench) {
        let (old, old_url) = serve(vec![answer(DrainOutcome::NotMine)]);
        let (business, session) = held_at(bench, 1, &old_url).await;
        push_drain(bench, business, session).await;
        let crew = bench.product(PACE);
        eventually("the old shard has refused, and the job waits", || async {
            old.heard() > 0 && bench.depth().await.waiting == 1
        })
        .await;
        let (new, new_url) = serve(vec![answer(DrainOutcome::Drained)]);
        release_from_all(bench, session).await;
        take(bench, 2, &new_url, session).await;
        bench.idle().await;
        crew.stop().await;
        assert_eq!(new.heard(), 1);
    }

    async fn a_shard_that_is_away_makes_a_failed_attempt_with_its_reason(bench: &Bench) {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", closed.local_addr().unwrap());
        drop(closed);
        let (business, session) = held_at(bench, 1, &url).await;
        push_drain(bench, business, session).await;
        let crew = bench.product(PACE);
        eventually("the job is dead", || async { bench.depth().await.dead == 1 }).await;
        crew.stop().await;
        let dead = bench.dead().await;
        assert_eq!(dead[0].last_error.as_deref(), Some("shard_unreachable"));
    }
}

/// The session changes hands: its present holder lets go.
async fn release_from_all(bench: &Bench, session: SessionId) {
    let holder = leases::holder(&bench.store, session)
        .await
        .unwrap()
        .unwrap();
    leases::release(&bench.store, holder.incarnation, session)
        .await
        .unwrap();
}
