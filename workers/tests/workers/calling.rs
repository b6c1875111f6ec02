//! Calls: a recording is fetched with our credentials from the company alone, kept once and removed there; whoever was
//! missed gets one message.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use store::audit::Actor;
use store::calls::{self, Ending, NewCall, Put, Recorded};
use store::seal::{Keys, MasterKey};
use store::{events, sessions};
use switchyard_core::call::{CallSid, CallState, Direction, RecordingState};
use switchyard_core::event::EventType;
use switchyard_core::queue::Queue;
use switchyard_core::{BusinessId, Timestamp};
use workers::Recordings;

use crate::bench::{Bench, FAST, both_engines, eventually};

const SECRET: &str = "the account's secret";

/// What the company was asked: the method, the path, and whether the right credentials came along.
type Asked = Arc<Mutex<Vec<(String, String, bool)>>>;

/// The method for which the account is not taken, and by which status and code that is said.
type Denied = Arc<Mutex<Option<(&'static str, u16, u32)>>>;

/// A telephone company that answers 404 to the first question for a recording, then sends to its storage.
struct Company {
    url: String,
    asked: Asked,
    denied: Denied,
}

fn note(request: &HttpRequest, asked: &Asked) -> usize {
    let auth = request.headers().get("authorization").is_some();
    let row = (
        request.method().to_string(),
        request.path().to_owned(),
        auth,
    );
    let mut asked = asked.lock().unwrap();
    let before = asked.iter().filter(|it| **it == row).count();
    asked.push(row);
    before
}

async fn recording(
    request: HttpRequest,
    (asked, denied): (Data<Asked>, Data<Denied>),
    name: Path<String>,
) -> HttpResponse {
    let denied = *denied.lock().unwrap();
    if let Some((_, status, code)) = denied.filter(|it| request.method() == it.0) {
        note(&request, &asked);
        let status = StatusCode::from_u16(status).unwrap();
        return HttpResponse::build(status).body(format!("{{\"code\":{code}}}"));
    }
    match note(&request, &asked) {
        _ if request.method() == "DELETE" => HttpResponse::NoContent().finish(),
        0 => HttpResponse::NotFound().finish(),
        _ => HttpResponse::Found()
            .insert_header(("location", format!("/storage/{name}")))
            .finish(),
    }
}

/// Suspended from the first refusal on.
async fn account(
    request: HttpRequest,
    (asked, denied): (Data<Asked>, Data<Denied>),
) -> HttpResponse {
    note(&request, &asked);
    let denied = *denied.lock().unwrap();
    let is_refused = denied.is_some_and(|(method, ..)| {
        let mut asked = asked.lock().unwrap().clone().into_iter();
        asked.any(|it| it.0 == method && it.1.contains("/Recordings/"))
    });
    let status = if is_refused { "suspended" } else { "active" };
    HttpResponse::Ok().body(format!("{{\"status\":\"{status}\"}}"))
}

async fn storage(request: HttpRequest, asked: Data<Asked>) -> HttpResponse {
    note(&request, &asked);
    HttpResponse::Ok().content_type("audio/x-wav").body(audio())
}

fn audio() -> Vec<u8> {
    (0..300_000_u32).map(|n| n.to_le_bytes()[0]).collect()
}

impl Company {
    fn start() -> Self {
        let (asked, denied) = (Asked::default(), Denied::default());
        let shared = Data::new(Arc::clone(&asked));
        let standing = Data::new(Arc::clone(&denied));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .app_data(standing.clone())
                .route("/2010-04-01/Accounts/AC1.json", web::to(account))
                .route(
                    "/2010-04-01/Accounts/AC1/Recordings/{name}",
                    web::to(recording),
                )
                .route("/storage/{name}", web::to(storage))
        });
        let server = server
            .workers(1)
            .disable_signals()
            .bind("127.0.0.1:0")
            .unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        tokio::spawn(server.run());
        Self { url, asked, denied }
    }

    /// How often it was asked so.
    fn count(&self, method: &str, path: &str) -> usize {
        let asked = self.asked.lock().unwrap();
        let is_it = |it: &&(String, String, bool)| it.0 == method && it.1.ends_with(path);
        asked.iter().filter(is_it).count()
    }

    /// Waits until it was asked once more how the account stands than a job of the queue has attempts.
    async fn is_probed(&self) {
        let before = self.count("GET", "/AC1.json");
        let attempts = usize::from(Queue::Recordings.policy().attempts);
        eventually("the account is asked about", || async {
            self.count("GET", "/AC1.json") > before + attempts
        })
        .await;
    }
}

fn sid(text: &str) -> CallSid {
    text.parse().unwrap()
}

async fn call(bench: &Bench, business: BusinessId) {
    let call = NewCall {
        sid: sid("CA1"),
        direction: Direction::Inbound,
        from: Some("+972501234567".to_owned()),
        to: Some("+97231110000".to_owned()),
        state: CallState::InProgress,
        flow_version: 0,
        first: None,
    };
    calls::begin_call(&bench.store, Timestamp::now(), business, call)
        .await
        .unwrap();
}

both_engines! {
    async fn a_recording_is_kept_once_and_the_companys_copy_goes(bench: &Bench) {
        let (company, business) = (Company::start(), BusinessId::generate());
        let keys = Keys::new(bench.store.clone(), MasterKey::generate());
        let from = Recordings::new(keys.clone(), &company.url, "AC1", SECRET.to_owned().into());
        let crew = bench.calling(FAST_ENOUGH, Some(from.unwrap()));
        call(bench, business).await;
        let recorded = Recorded { recording_sid: sid("RE1"), duration_s: Some(4), is_absent: false };
        for is_first in [true, false] {
            let now = Timestamp::now();
            let noted = calls::note_recording(&bench.store, now, business, sid("CA1"), recorded.clone());
            assert_eq!(noted.await.unwrap(), is_first);
        }
        let wanted = ("DELETE".to_owned(), "/2010-04-01/Accounts/AC1/Recordings/RE1.json".to_owned(), true);
        eventually("the company's copy is gone", || async {
            company.asked.lock().unwrap().contains(&wanted)
        })
        .await;
        let call = calls::get(&bench.store, business, &sid("CA1")).await.unwrap().unwrap();
        let kept = call.recording.unwrap();
        assert_eq!((kept.state, kept.bytes), (RecordingState::Ready, Some(300_000)));
        let mut bytes = Vec::new();
        for n in 0.. {
            match calls::piece(&keys, business, &sid("RE1"), n).await.unwrap() {
                Some(piece) => bytes.extend(piece),
                None => break,
            }
        }
        assert_eq!(bytes, audio());
        let asked = company.asked.lock().unwrap().clone();
        let from_storage: Vec<_> = asked.iter().filter(|it| it.1.starts_with("/storage/")).collect();
        assert_eq!(from_storage.len(), 1);
        assert!(!from_storage[0].2, "our credentials went to another house");
        let told = events::after(&bench.store, business, 0, 10).await.unwrap().events;
        let ready = told.iter().filter(|it| it.kind == EventType::RecordingReady).count();
        assert_eq!(ready, 1);
        crew.stop().await;
    }

    async fn the_companys_copy_goes_of_what_is_not_kept_too(bench: &Bench) {
        let (company, business, store) = (Company::start(), BusinessId::generate(), &bench.store);
        let keys = Keys::new(store.clone(), MasterKey::generate());
        let from = Recordings::new(keys, &company.url, "AC1", SECRET.to_owned().into());
        // The file never comes.
        *company.denied.lock().unwrap() = Some(("GET", 404, 0));
        call(bench, business).await;
        // Of a month ago, so that nobody runs the job of the one that failed any more.
        let then = Timestamp::now().minus(Duration::from_hours(30 * 24));
        for (recording, duration_s) in [("REshort", 1), ("REfull", 9)] {
            let told = Recorded { recording_sid: sid(recording), duration_s: Some(duration_s), is_absent: false };
            calls::note_recording(store, then, business, sid("CA1"), told).await.unwrap();
        }
        calls::fail_recording(store, then, business, sid("REfull")).await.unwrap();
        let crew = bench.calling(FAST_ENOUGH, Some(from.unwrap()));
        for path in ["/REshort.json", "/REfull.json"] {
            eventually("the company's copy is gone", || async { company.count("DELETE", path) >= 1 }).await;
        }
        assert_eq!(company.count("GET", "/REshort.wav"), 0, "nothing is on it");
        crew.stop().await;
    }

    async fn a_recording_waits_for_an_account_that_is_not_taken(bench: &Bench) {
        const DENIED: &str = "switchyard_recordings_account_denied";
        let (company, business) = (Company::start(), BusinessId::generate());
        let keys = Keys::new(bench.store.clone(), MasterKey::generate());
        let from = Recordings::new(keys, &company.url, "AC1", SECRET.to_owned().into()).unwrap();
        *company.denied.lock().unwrap() = Some(("GET", 401, 20_003));
        let crew = bench.calling(FAST_ENOUGH, Some(from.probing_every(Duration::from_millis(50))));
        assert!(crew.gauge(DENIED) < 0.5);
        call(bench, business).await;
        let recorded = Recorded { recording_sid: sid("RE1"), duration_s: Some(4), is_absent: false };
        calls::note_recording(&bench.store, Timestamp::now(), business, sid("CA1"), recorded).await.unwrap();
        company.is_probed().await;
        assert_eq!(company.count("GET", "/RE1.wav"), 1);
        assert!(crew.gauge(DENIED) > 0.5);
        let state = async || calls::recording_state(&bench.store, business, &sid("RE1")).await.unwrap().unwrap().0;
        assert_eq!(state().await, RecordingState::Pending);
        // Taken again, until the file is here and its copy is to go.
        *company.denied.lock().unwrap() = Some(("DELETE", 403, 20_005));
        eventually("the copy is to go", || async { company.count("DELETE", "/RE1.json") == 1 }).await;
        eventually("the account is not taken once more", || async { crew.gauge(DENIED) > 0.5 }).await;
        assert_eq!(state().await, RecordingState::Ready);
        company.is_probed().await;
        assert_eq!(company.count("DELETE", "/RE1.json"), 1);
        *company.denied.lock().unwrap() = None;
        eventually("the company's copy is gone", || async { company.count("DELETE", "/RE1.json") == 2 }).await;
        eventually("the account is taken again", || async { crew.gauge(DENIED) == 0.0 }).await;
        crew.stop().await;
    }

    async fn whoever_was_missed_is_sent_one_message(bench: &Bench) {
        let business = BusinessId::generate();
        let store = &bench.store;
        sessions::create(store, Timestamp::now(), business, "Front desk").await.unwrap();
        let mut flow = calls::flow(store, business).await.unwrap().flow;
        flow.missed_call.enabled = true;
        "We missed you".clone_into(&mut flow.missed_call.text);
        let put = calls::put_flow(store, Timestamp::now(), Actor::system(), business, 0, flow).await;
        assert!(matches!(put.unwrap(), Put::Stored(_)));
        call(bench, business).await;
        let ending = Ending { state: CallState::NoAnswer, duration_s: None, reason: None };
        // Over since a while: its job is due at once.
        let over = Timestamp::now().minus(Duration::from_mins(1));
        calls::end_call(store, over, business, sid("CA1"), ending).await.unwrap();
        let crew = bench.calling(FAST_ENOUGH, None);
        eventually("the message is accepted", || async {
            let told = events::after(store, business, 0, 10).await.unwrap().events;
            told.iter().any(|it| it.kind == EventType::MessageStatus && it.data["text"] == "We missed you")
        })
        .await;
        crew.stop().await;
    }
}

const FAST_ENOUGH: workers::Pace = workers::Pace {
    timeout_at_most: Duration::from_secs(20),
    lease: Duration::from_secs(20),
    ..FAST
};
