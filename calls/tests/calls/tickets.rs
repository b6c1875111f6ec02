//! Tickets of media sockets: one for one page of one call, and what becomes of a call's line when its socket goes wrong.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use calls::Options;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use store::events;
use store::slots::Timing;
use switchyard_core::Timestamp;
use switchyard_core::event::EventType;
use tokio_websockets::CloseCode;

use crate::caller::{Answer, Caller};
use crate::redis::Server;
use crate::sockets::{Line, Program, agent, dial, dial_behind, media, next, send, start, starts};
use crate::stage::{CALM, PATIENCE, Replica, SOCKET_KEY, Stage, TOKEN, slots, until};

/// A call that waits for its socket.
async fn ringing(stage: &Stage, replica: &Replica, sid: &str) -> (Caller, Answer) {
    let call = replica.caller(stage, sid);
    let page = call.rings().await;
    assert!(page.body.contains("<Connect><Stream"), "{}", page.body);
    (call, page)
}

async fn refused(line: &mut Line) {
    assert_eq!(next(line).await, Err(CloseCode::POLICY_VIOLATION));
}

/// How often calls of the stage were told to be over.
async fn ends(stage: &Stage) -> usize {
    let page = events::after(&stage.store, stage.business, 0, 200).await;
    let events = page.unwrap().events.into_iter();
    events.filter(|it| it.kind == EventType::CallEnded).count()
}

/// Race 19.
#[actix_web::test]
async fn a_socket_without_the_ticket_of_its_page_is_refused_and_touches_no_slot() {
    let (stage, server) = (Stage::new().await, Server::start().await);
    let program = Program::start().await;
    agent(&stage, &program.url()).await;
    let replica = Replica::start(stage.options(Some(server.client())));
    let (call, page) = ringing(&stage, &replica, "CA1").await;
    let (_, other) = ringing(&stage, &replica, "CA2").await;
    let counted = slots(server.client());
    let standing = async || {
        let holders = counted.holders().await.unwrap();
        let mut held: Vec<_> = holders
            .into_iter()
            .map(|it| (it.id, it.owner, it.epoch, it.phase))
            .collect();
        held.sort();
        held
    };
    let before = standing().await;
    let genuine = json!(page.parameters());
    let with = |name: &str, value: Value| {
        let mut parameters = genuine.clone();
        parameters[name] = value;
        parameters
    };
    let mut none = genuine.clone();
    none.as_object_mut().unwrap().remove("tok");
    let forged = [
        none,
        with("tok", json!("1.2.3")),
        with("tok", json!(other.parameters()["tok"])),
        with("page", json!("2")),
        with("node", json!("bye")),
        with("version", json!("0")),
        with("business", json!("biz_00000000000000000000000000")),
        json!({}),
    ];
    for parameters in &forged {
        let mut line = dial(&replica, TOKEN).await.unwrap();
        starts(&mut line, parameters, &call.sid).await;
        refused(&mut line).await;
    }
    // The ticket of this call, shown for another one.
    let mut line = dial(&replica, TOKEN).await.unwrap();
    start(&mut line, &page, "CA2").await;
    refused(&mut line).await;
    assert_eq!(standing().await, before);
    assert_eq!(replica.metric("switchyard_call_sockets_refused_total"), 9.0);
    let mut line = dial(&replica, TOKEN).await.unwrap();
    start(&mut line, &page, &call.sid).await;
    program.takes().await.hears("start").await;
}

#[actix_web::test]
async fn a_ticket_is_good_for_one_socket_though_the_first_one_is_gone() {
    let (stage, program) = (Stage::new().await, Program::start().await);
    agent(&stage, &program.url()).await;
    let replica = stage.replica();
    let (call, page) = ringing(&stage, &replica, "CA1").await;
    let mut line = dial(&replica, TOKEN).await.unwrap();
    start(&mut line, &page, &call.sid).await;
    let mut talk = program.takes().await;
    talk.hears("start").await;
    drop(line);
    talk.hears("stop").await;
    let mut again = dial(&replica, TOKEN).await.unwrap();
    start(&mut again, &page, &call.sid).await;
    refused(&mut again).await;
    let renewed = call.goes(&page.text("Redirect"), &[]).await;
    assert_ne!(renewed.parameters()["tok"], page.parameters()["tok"]);
    let mut again = dial(&replica, TOKEN).await.unwrap();
    start(&mut again, &page, &call.sid).await;
    refused(&mut again).await;
    let mut line = dial(&replica, TOKEN).await.unwrap();
    start(&mut line, &renewed, &call.sid).await;
    program.takes().await.hears("start").await;
}

#[actix_web::test]
async fn a_socket_of_a_call_that_is_over_is_refused() {
    let (stage, program) = (Stage::new().await, Program::start().await);
    agent(&stage, &program.url()).await;
    let replica = stage.replica();
    let (call, page) = ringing(&stage, &replica, "CA1").await;
    assert_eq!(call.ends("completed").await.status, 204);
    let mut line = dial(&replica, TOKEN).await.unwrap();
    start(&mut line, &page, &call.sid).await;
    refused(&mut line).await;
}

/// Race 23, of a call whose page was answered and whose socket is on its way: what its ticket was for is forgotten.
#[actix_web::test]
async fn a_page_that_waits_for_its_socket_when_redis_is_flushed_goes_on_by_the_page_after_it() {
    let (stage, server) = (Stage::new().await, Server::start().await);
    let program = Program::start().await;
    agent(&stage, &program.url()).await;
    let replica = Replica::start(stage.options(Some(server.client())));
    let counted = slots(server.client());
    let is_held = async || counted.standing(50).await.unwrap().live == 1;
    // The socket comes when the slot is said again, and before.
    for (sid, is_late) in [("CA1", true), ("CA2", false)] {
        let (call, page) = ringing(&stage, &replica, sid).await;
        server.flush();
        if is_late {
            until("the call has its line again", is_held).await;
        }
        let mut line = dial(&replica, TOKEN).await.unwrap();
        start(&mut line, &page, sid).await;
        refused(&mut line).await;
        let renewed = call.goes(&page.text("Redirect"), &[]).await;
        let mut line = dial(&replica, TOKEN).await.unwrap();
        start(&mut line, &renewed, sid).await;
        let mut talk = program.takes().await;
        assert_eq!(talk.hears("start").await["start"]["callSid"], sid);
        assert!(is_held().await, "it has one line");
        assert_eq!(call.ends("completed").await.status, 204);
        assert!(!is_held().await);
    }
}

/// A page's parameters as a replica gives them out whose clock is off by so much.
fn given_out(page: &Answer, sid: &str, off_ms: i64) -> Value {
    let mut parameters = page.parameters();
    let from = Timestamp::now().ms() + off_ms;
    let times = format!("{from}.{}", from + 120_000);
    let part = |name: &str| parameters[name].clone();
    let text = format!(
        "socket {sid} {} {} {} {} {times}",
        part("business"),
        part("version"),
        part("node"),
        part("page")
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(&SOCKET_KEY).unwrap();
    mac.update(text.as_bytes());
    let code = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
    parameters.insert("tok".to_owned(), format!("{times}.{code}"));
    json!(parameters)
}

/// Race 36: leases go by the clock of Redis, tickets by those of the replicas.
#[actix_web::test]
async fn a_ticket_of_a_replica_whose_clock_is_five_minutes_off_is_refused_and_of_half_a_minute_taken()
 {
    let (stage, program) = (Stage::new().await, Program::start().await);
    agent(&stage, &program.url()).await;
    let replica = stage.replica();
    for (sid, far, near) in [("CA1", 300_000, 30_000), ("CA2", -300_000, -30_000)] {
        let (_, page) = ringing(&stage, &replica, sid).await;
        let mut line = dial(&replica, TOKEN).await.unwrap();
        starts(&mut line, &given_out(&page, sid, far), sid).await;
        refused(&mut line).await;
        let mut line = dial(&replica, TOKEN).await.unwrap();
        starts(&mut line, &given_out(&page, sid, near), sid).await;
        let begun = program.takes().await.hears("start").await;
        assert_eq!(begun["start"]["callSid"], sid);
    }
}

/// Race 17.
#[actix_web::test]
async fn whoever_has_the_socket_has_the_call_and_the_one_that_answered_lets_it_go() {
    let (stage, server) = (Stage::new().await, Server::start().await);
    let program = Program::start().await;
    agent(&stage, &program.url()).await;
    let options = || stage.options(Some(server.client()));
    let answers = Replica::start(options());
    let carries = Replica::behind(&answers.url, options());
    let (call, page) = ringing(&stage, &answers, "CA1").await;
    let counted = slots(server.client());
    let before = counted.holders().await.unwrap().pop().unwrap();
    let mut line = dial_behind(&carries.url, &answers.url, TOKEN)
        .await
        .unwrap();
    start(&mut line, &page, &call.sid).await;
    let mut talk = program.takes().await;
    talk.hears("start").await;
    let after = counted.holders().await.unwrap().pop().unwrap();
    assert_ne!(after.owner, before.owner);
    assert_eq!(after.epoch, before.epoch + 1);
    let begun = Instant::now();
    while answers.metric("switchyard_call_leases_total") < 1.0 {
        assert!(begun.elapsed() < PATIENCE, "it never finds out");
        send(&mut line, media(1)).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    talk.hears("media").await;
    assert_eq!(counted.standing(50).await.unwrap().live, 1);
    assert_eq!(call.ends("completed").await.status, 204);
    assert_eq!(counted.standing(50).await.unwrap().live, 0);
    assert_eq!(ends(&stage).await, 1);
}

/// Race 20: the network between is cut, and nobody says so.
#[actix_web::test]
async fn a_socket_on_which_nothing_is_heard_is_given_up_and_the_calls_end_frees_its_line() {
    let (stage, server) = (Stage::new().await, Server::start().await);
    let program = Program::start().await;
    agent(&stage, &program.url()).await;
    let replica = Replica::start(stage.options(Some(server.client())));
    let (call, page) = ringing(&stage, &replica, "CA1").await;
    let mut line = dial(&replica, TOKEN).await.unwrap();
    start(&mut line, &page, &call.sid).await;
    let mut talk = program.takes().await;
    talk.hears("start").await;
    // The line is open still, and silent.
    talk.hears("stop").await;
    let counted = slots(server.client());
    assert_eq!(counted.standing(50).await.unwrap().live, 1);
    assert_eq!(call.ends("completed").await.status, 204);
    assert_eq!(counted.standing(50).await.unwrap().live, 0);
}

/// Race 21.
#[actix_web::test]
async fn a_socket_that_closes_while_the_end_is_told_frees_its_line_once() {
    let (stage, server) = (Stage::new().await, Server::start().await);
    let program = Program::start().await;
    agent(&stage, &program.url()).await;
    let replica = Replica::start(stage.options(Some(server.client())));
    let counted = slots(server.client());
    for n in 0..8 {
        let (call, page) = ringing(&stage, &replica, &format!("CA{n}")).await;
        let mut line = dial(&replica, TOKEN).await.unwrap();
        start(&mut line, &page, &call.sid).await;
        let mut talk = program.takes().await;
        talk.hears("start").await;
        let ((), closed, told) = tokio::join!(
            talk.says(json!({"event": "stop"})),
            next(&mut line),
            call.ends("completed")
        );
        assert_eq!(closed, Err(CloseCode::NORMAL_CLOSURE));
        assert_eq!(told.status, 204);
        let last = counted.last(&call.sid).await.unwrap();
        assert_eq!((last.ended, last.ended_as.as_str()), (true, "completed"));
        assert!(
            !counted
                .release(&call.sid, stage.business, "again")
                .await
                .unwrap()
        );
        let late = call.goes(&page.text("Redirect"), &[]).await;
        assert!(late.body.contains("<Hangup/>"), "{}", late.body);
        assert_eq!(ends(&stage).await, n + 1);
    }
    assert_eq!(counted.standing(50).await.unwrap().live, 0);
    until("nothing is in hand", || async {
        replica.metric("switchyard_calls_in_hand") == 0.0
    })
    .await;
}

/// Sockets of the replica that dies.
const SOCKETS: usize = 30;

/// Race 13.
#[actix_web::test]
async fn the_lines_of_sockets_that_died_with_their_replica_are_others_after_a_lease() {
    let (stage, server) = (Stage::new().await, Server::start().await);
    let program = Program::start().await;
    agent(&stage, &program.url()).await;
    let options = || Options {
        limit: u32::try_from(SOCKETS).unwrap(),
        timing: Timing {
            lease: Duration::from_secs(15),
            ..CALM
        },
        ..stage.options(Some(server.client()))
    };
    let dying = Replica::start(options());
    let living = Replica::behind(&dying.url, options());
    let mut open = Vec::new();
    for n in 0..SOCKETS {
        let (call, page) = ringing(&stage, &dying, &format!("CA{n}")).await;
        let mut line = dial(&dying, TOKEN).await.unwrap();
        start(&mut line, &page, &call.sid).await;
        let mut talk = program.takes().await;
        talk.hears("start").await;
        open.push((line, talk));
    }
    let public = dying.url.clone();
    dying.dies().await;
    let counted = slots(server.client());
    let most = u32::try_from(SOCKETS).unwrap();
    for n in SOCKETS..2 * SOCKETS {
        let sid = format!("CA{n}");
        let call = Caller::new(&living.url, &public, stage.business, &sid);
        until("a line is free", || async {
            let answer = call.rings().await;
            assert!(counted.standing(most).await.unwrap().live <= most);
            answer.status == 200
        })
        .await;
    }
    let holders = counted.holders().await.unwrap();
    assert_eq!(holders.len(), SOCKETS);
    assert!(holders.iter().all(|it| it.owner_lives), "{holders:?}");
}
