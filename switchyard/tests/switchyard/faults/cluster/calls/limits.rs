//! Never one call more than lines: under different limits, in storms, and while what counts the slots is wiped or away.

use std::collections::BTreeSet;
use std::time::Instant;

use serde_json::{Value, json};

use super::hall::{BUSY, BYE, Hall, IS_BRIEF, LEAVES, TALKS};
use super::{Scale, all_stay, in_seconds, judged, scale};
use crate::outside::{until, within};

/// Lines of the installation, by an operator's word.
const LINES: u32 = 50;
/// Lines by the settings: of the first replica, and of the others.
const UNLIKE: (u32, u32) = (6, 12);
/// Calls that stay while what counts them is wiped and goes away.
const STAY: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_keep_to_their_lines_whatever_is_lost_and_whatever_counts_them() {
    let scale = scale();
    let own = [("calls-1", "MAX_CONCURRENT_CALLS", UNLIKE.0.to_string())];
    let mut hall = Box::pin(Hall::start(UNLIKE.1, &own)).await;
    unlike(&hall, &scale).await;
    hall.limit(LINES).await;
    troubled(&hall, &scale).await;
    let staying = hall.fill(STAY, TALKS, "dial").await;
    stormed(&hall, &scale).await;
    flushed(&hall, &scale, &staying).await;
    Box::pin(without_redis(&mut hall, &scale, &staying)).await;
    hall.empty(scale.right).await;
}

/// Replicas that were told different limits: each goes by its own and counts the calls of all; what an operator says
/// holds for all.
async fn unlike(hall: &Hall, scale: &Scale) {
    let (few, many) = UNLIKE;
    for (name, own) in [("calls-1", few), ("calls-2", many), ("calls-3", many)] {
        hall.counts_to(name, own).await;
    }
    hall.count_anew().await;
    hall.crowd(usize::try_from(many).unwrap()).await;
    judged(hall, "replicas with different limits", many, "").await;

    let kept = many - 3;
    hall.limit(kept).await;
    let before = hall.taken().await;
    hall.place(6, "").await;
    assert_eq!(hall.taken().await, before, "a lower limit ends no call");
    for sid in before.iter().take(6) {
        hall.hang_up(sid).await;
    }
    hall.agrees(scale.right).await;
    hall.count_anew().await;
    hall.crowd(usize::try_from(kept).unwrap()).await;
    judged(hall, "the same, and an operator's", kept, "").await;
    hall.empty(scale.right).await;
}

/// Callbacks that are lost, come twice and in another order, and webhooks that come twice at once.
async fn troubled(hall: &Hall, scale: &Scale) {
    for fault in [
        json!({ "kind": "callback_drop", "route": "status", "every": 3 }),
        json!({ "kind": "callback_duplicate", "every": 2 }),
        json!({ "kind": "callback_reorder", "every": 2 }),
        json!({ "kind": "webhook_duplicate", "every": 4 }),
    ] {
        hall.fault(fault).await;
    }
    hall.count_anew().await;
    let mut sids = hall.place(scale.troubled, IS_BRIEF).await;
    sids.extend(hall.place(scale.troubled, LEAVES).await);
    until("all have hung up", || async {
        hall.taken().await.is_empty().then_some(())
    })
    .await;
    let right = hall.agrees(scale.right).await;
    let hits = hall.hits().await;
    hall.mend().await;
    assert!(hits > 0, "nothing went wrong");
    until("every row is ended", || async {
        let open = "select count(*) from calls where ended_at is null";
        let open = tokio::task::block_in_place(|| hall.cluster.sql(open).unwrap());
        (open.trim() == "0").then_some(())
    })
    .await;
    let more = format!("{hits} times, slots right after {}", in_seconds(right));
    judged(hall, "callbacks lost, doubled, disordered", LINES, &more).await;
}

/// Many more callers than lines, some of which are taken for long.
async fn stormed(hall: &Hall, scale: &Scale) {
    let before = hall.taken().await;
    hall.count_anew().await;
    hall.storm(scale.per_second, scale.seconds, scale.stays)
        .await;
    hall.calm().await;
    let right = hall.agrees(scale.right).await;
    let stats = hall.stats().await;
    for counted in ["admitted", "refused"] {
        assert!(stats[counted].as_u64().unwrap() > 0, "{counted}: {stats}");
    }
    let more = format!("slots right after {}", in_seconds(right));
    judged(hall, "a storm of calls", LINES, &more).await;

    // To the last line; then a caller hears why there is none.
    hall.crowd(usize::try_from(LINES).unwrap()).await;
    let refused = hall.place(1, "").await;
    assert!(has_said(hall, &refused[0], BUSY).await);
    for sid in hall.taken().await.difference(&before) {
        hall.hang_up(sid).await;
    }
    hall.agrees(scale.right).await;
}

/// Whether the caller has heard that by now.
async fn has_said(hall: &Hall, sid: &str, text: &str) -> bool {
    let ledger = hall.ledger(sid, 0).await;
    let mut heard = ledger.iter().filter(|row| row["kind"] == "said");
    heard.any(|row| row["text"] == text)
}

/// What counts the slots is wiped in the middle of calls, while others call.
async fn flushed(hall: &Hall, scale: &Scale, staying: &[String]) {
    hall.count_anew().await;
    hall.storm(10.0, 12, scale.stays).await;
    until("they call", || async {
        let called = hall.stats().await["load"]["called"].as_u64().unwrap();
        (called >= 10).then_some(())
    })
    .await;
    tokio::task::block_in_place(|| hall.cluster.redis("FLUSHALL").unwrap());
    let start = Instant::now();
    within(
        scale.right,
        "every owner has said what it holds",
        || async {
            let held = hall.holders().await?;
            let held: BTreeSet<&str> = held.iter().map(|it| it.id.as_str()).collect();
            let are_held = staying.iter().all(|sid| held.contains(sid.as_str()));
            are_held.then_some(())
        },
    )
    .await;
    let back = start.elapsed();
    hall.calm().await;
    let right = hall.agrees(scale.right).await;
    all_stay(hall, staying).await;
    let (back, right) = (in_seconds(back), in_seconds(right));
    let more = format!("slots back after {back}, right after the storm in {right}");
    judged(hall, "slots wiped in the middle of calls", LINES, &more).await;
}

/// Redis dies and comes back: callers hear that there is no line and the API says why; calls go on.
async fn without_redis(hall: &mut Hall, scale: &Scale, staying: &[String]) {
    let asked = hall.fill(1, "", "talk").await.remove(0);
    hall.count_anew().await;
    let before = pids(hall);
    tokio::task::block_in_place(|| hall.cluster.kill("redis").unwrap());
    for sid in hall.place(5, "").await {
        let ledger = hall.ledger(&sid, 0).await;
        let is_refusal = |row: &Value| row["route"] == "voice" && row["status"] == 503;
        assert!(ledger.iter().any(is_refusal), "{ledger:?}");
        assert!(has_said(hall, &sid, BUSY).await, "{ledger:?}");
    }
    until("the business is told why", || async {
        let rejected = events(hall, "call.rejected").await;
        let mut reasons = rejected.iter().map(|event| &event["data"]["reason"]);
        reasons.any(|it| it == "store_unavailable").then_some(())
    })
    .await;
    assert_eq!(hall.shown().await, Some(503));
    let key = json!({ "digits": "3" });
    hall.post(&format!("/calls/{asked}/digits"), key).await;
    until("a call under way goes on to its end", || async {
        (!hall.taken().await.contains(&asked)).then_some(())
    })
    .await;
    assert!(has_said(hall, &asked, BYE).await);
    // The outage itself is the fault.
    tokio::time::sleep(scale.outage).await;
    tokio::task::block_in_place(|| {
        hall.cluster.again("redis").unwrap();
        hall.cluster.wait("redis").unwrap();
    });
    let start = Instant::now();
    let newcomer = hall.fill(1, "", "talk").await.remove(0);
    let open = start.elapsed();
    hall.hang_up(&newcomer).await;
    let right = hall.agrees(scale.right).await;
    all_stay(hall, staying).await;
    assert_eq!(pids(hall), before, "something was started again");
    let (open, right) = (in_seconds(open), in_seconds(right));
    let more = format!("calls taken after {open}, slots right {right} later");
    judged(hall, "Redis away under calls", LINES, &more).await;
}

/// The processes of the replicas.
fn pids(hall: &Hall) -> Vec<u32> {
    let replicas = hall.cluster.book().of("calls");
    replicas.map(|entry| entry.pid).collect()
}

/// Every event of a kind that the API shows.
async fn events(hall: &Hall, kind: &str) -> Vec<Value> {
    let (mut found, mut after) = (Vec::new(), "0".to_owned());
    loop {
        let path = format!("/v1/events?limit=200&after={after}");
        let page = hall.api.get(&path).await;
        let rows = page["data"].as_array().unwrap();
        if rows.is_empty() {
            return found;
        }
        found.extend(rows.iter().filter(|row| row["type"] == kind).cloned());
        page["next_cursor"].as_str().unwrap().clone_into(&mut after);
    }
}
