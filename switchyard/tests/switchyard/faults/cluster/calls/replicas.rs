//! Replicas that die and leave: their calls go on with their slots, and those of others are not touched.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use store::slots::Holder;
use xtask::cluster::process::{Life, life};

use super::hall::{Hall, STREAMS, TALKS};
use super::{Scale, all_stay, in_seconds, judged, scale};
use crate::outside::{LONG, until, within};

/// How long a slot lasts that nobody renews.
const LEASE: Duration = Duration::from_secs(20);
/// Lines of the installation.
const LINES: u32 = 100;

/// Calls that stay, at people and at sockets, of which every replica has some.
struct Staying {
    talks: Vec<String>,
    streams: Vec<String>,
    /// Who renews each.
    owners: BTreeMap<String, String>,
}

impl Staying {
    async fn begin(hall: &Hall, count: usize) -> Self {
        let talks = hall.fill(count, TALKS, "dial").await;
        // Whichever replica is told that somebody has answered has the call from then on.
        join_all(talks.iter().map(|sid| answered(hall, sid))).await;
        let mut streams = Vec::new();
        let replicas: BTreeSet<String> = hall.replicas().iter().map(|it| hall.named(it)).collect();
        let owners = loop {
            streams.extend(hall.fill(1, STREAMS, "streaming").await);
            let owners = owners(hall).await;
            let at: BTreeSet<&String> = streams.iter().filter_map(|it| owners.get(it)).collect();
            if at.len() == replicas.len() {
                break owners;
            }
            assert!(streams.len() < 30, "a replica gets no socket: {owners:?}");
        };
        Self {
            talks,
            streams,
            owners,
        }
    }

    /// Those of `calls` that the replica of that name renews, or those that it does not.
    fn of(&self, calls: &[String], name: &str, is_its: bool) -> Vec<String> {
        let of = calls.iter();
        of.filter(|sid| (self.owners[*sid] == name) == is_its)
            .cloned()
            .collect()
    }

    /// The replica that renews most of the calls at people.
    fn busiest(&self, hall: &Hall) -> (String, String) {
        let all = hall.replicas().into_iter();
        let named = all.map(|replica| (hall.named(&replica), replica));
        let most = named.max_by_key(|(name, _)| self.of(&self.talks, name, true).len());
        let (name, replica) = most.unwrap();
        (replica, name)
    }
}

/// Waits until it was told that whoever is rung in a call has answered: the third thing told of a leg.
async fn answered(hall: &Hall, sid: &str) {
    until("somebody has answered, and it was told", || async {
        let ledger = hall.ledger(sid, 0).await;
        let leg = ledger.iter().find_map(|row| row["leg"].as_str())?;
        let told = hall.ledger(leg, 0).await;
        let is_answer = |row: &Value| row["told"]["SequenceNumber"] == "2" && row["status"] == 204;
        told.iter().any(is_answer).then_some(())
    })
    .await;
}

async fn owners(hall: &Hall) -> BTreeMap<String, String> {
    let holders = until("Redis answers", || hall.holders()).await;
    holders.into_iter().map(|it| (it.id, it.owner)).collect()
}

/// The calls with a slot that a living replica other than this one renews.
async fn held_elsewhere(hall: &Hall, name: &str) -> Option<BTreeSet<String>> {
    let is_elsewhere = |it: &Holder| it.owner != name && it.owner_lives;
    let holders = hall.holders().await?.into_iter();
    Some(holders.filter(is_elsewhere).map(|it| it.id).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_dies_and_another_one_leaves_and_every_call_goes_on_with_its_slot() {
    let scale = scale();
    let mut hall = Box::pin(Hall::start(LINES, &[])).await;
    Box::pin(killed(&mut hall, &scale)).await;
    Box::pin(left(&mut hall, &scale)).await;
}

/// A replica dies with calls at people and at sockets.
async fn killed(hall: &mut Hall, scale: &Scale) {
    hall.count_anew().await;
    let staying = Staying::begin(hall, scale.staying).await;
    let (replica, name) = staying.busiest(hall);
    let (talks, streams) = (
        staying.of(&staying.talks, &name, true),
        staying.of(&staying.streams, &name, true),
    );
    let others = others(hall, &staying, &name).await;
    tokio::task::block_in_place(|| hall.cluster.kill(&replica).unwrap());
    let start = Instant::now();
    let (over, living) = talks.split_at(talks.len() / 3);
    end_untold(hall, over).await;
    within(scale.right, "the living are adopted", || async {
        let held = held_elsewhere(hall, &name).await?;
        let mut all = living.iter().chain(&streams);
        all.all(|sid| held.contains(sid)).then_some(())
    })
    .await;
    let adopted = start.elapsed();
    within(scale.right, "slots of what ended are free", || async {
        let held = hall.holders().await?;
        let mut held = held.iter().map(|it| &it.id);
        (!held.any(|id| over.contains(id))).then_some(())
    })
    .await;
    let free = start.elapsed();
    within(scale.right, "its callers have another socket", || async {
        for sid in &streams {
            let ledger = hall.ledger(sid, 0).await;
            (streams_begun(&ledger) >= 2).then_some(())?;
        }
        Some(())
    })
    .await;
    for (sid, seen) in &others {
        is_untouched(&hall.ledger(sid, *seen).await);
    }
    goes_on(hall, living.last().unwrap()).await;
    let more = format!(
        "{} of it and {} at sockets, adopted after {}, slots of {} that ended free after {}",
        talks.len(),
        streams.len(),
        in_seconds(adopted),
        over.len(),
        in_seconds(free)
    );
    judged(hall, "kill -9 of a replica of the calls", LINES, &more).await;
    tokio::task::block_in_place(|| {
        hall.cluster.again(&replica).unwrap();
        hall.cluster.wait(&replica).unwrap();
    });
    hall.empty(scale.right).await;
}

/// The calls of other replicas than this one, and how much has happened in each.
async fn others(hall: &Hall, staying: &Staying, name: &str) -> Vec<(String, usize)> {
    let mut others = Vec::new();
    for calls in [&staying.talks, &staying.streams] {
        for sid in staying.of(calls, name, false) {
            let seen = hall.ledger(&sid, 0).await.len();
            others.push((sid, seen));
        }
    }
    others
}

/// These callers hang up, and nobody is told.
async fn end_untold(hall: &Hall, sids: &[String]) {
    hall.fault(json!({ "kind": "callback_drop", "route": "status" }))
        .await;
    for sid in sids {
        hall.hang_up(sid).await;
    }
    until("callbacks are lost", || async {
        for sid in sids {
            let ledger = hall.ledger(sid, 0).await;
            ledger.iter().find(|row| row["lost"] == true)?;
        }
        Some(())
    })
    .await;
    hall.mend().await;
}

fn streams_begun(ledger: &[Value]) -> usize {
    let begun = |row: &&Value| row["kind"] == "stream" && row["event"] == "started";
    ledger.iter().filter(begun).count()
}

/// Nothing went wrong in what happened in a call, and its socket stayed open.
fn is_untouched(ledger: &[Value]) {
    for row in ledger {
        let is_wrong = row["kind"] == "error"
            || row["status"].as_u64().is_some_and(|status| status >= 400)
            || row["event"] == "closed"
            || row["event"] == "stopped";
        assert!(!is_wrong, "{row}");
    }
}

/// Whoever was rung hangs up: what is asked then is answered, and the call ends in good order.
async fn goes_on(hall: &Hall, sid: &str) {
    let ledger = hall.ledger(sid, 0).await;
    let leg = ledger.iter().find_map(|row| row["leg"].as_str()).unwrap();
    hall.hang_up(leg).await;
    until("the call ends", || async {
        (!hall.taken().await.contains(sid)).then_some(())
    })
    .await;
    let after = hall.ledger(sid, ledger.len()).await;
    is_untouched(&after);
    let is_answer = |row: &Value| row["route"] == "action" && row["status"] == 200;
    assert!(after.iter().any(is_answer), "{after:?}");
}

/// A replica is told to go and stays for a call at a socket, for longer than a slot lasts that nobody renews.
async fn left(hall: &mut Hall, scale: &Scale) {
    hall.count_anew().await;
    let staying = Staying::begin(hall, scale.staying).await;
    let (replica, name) = staying.busiest(hall);
    let (talks, streams) = (
        staying.of(&staying.talks, &name, true),
        staying.of(&staying.streams, &name, true),
    );
    let entry = hall.cluster.book().entry(&replica).unwrap().clone();
    let pid = Pid::from_raw(i32::try_from(entry.pid).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    let start = Instant::now();
    let mut looks = tokio::time::interval(Duration::from_millis(100));
    while start.elapsed() < LEASE + Duration::from_secs(2) {
        looks.tick().await;
        let Some(held) = hall.holders().await else {
            continue;
        };
        let is_held = |sid: &String| held.iter().any(|it| it.id == *sid);
        for sid in staying.talks.iter().chain(&staying.streams) {
            assert!(is_held(sid), "{sid} lost its slot");
        }
        assert_eq!(life(&entry), Life::Runs, "it did not wait for its sockets");
    }
    until("what it plays no part in is handed over", || async {
        let held = held_elsewhere(hall, &name).await?;
        talks.iter().all(|sid| held.contains(sid)).then_some(())
    })
    .await;
    hall.fill(1, "", "talk").await;
    for sid in &streams {
        let ledger = hall.ledger(sid, 0).await;
        assert_eq!(streams_begun(&ledger), 1, "{ledger:?}");
        is_untouched(&ledger);
        hall.hang_up(sid).await;
    }
    within(LONG, "it goes when its last socket is closed", || async {
        (life(&entry) == Life::Dead).then_some(())
    })
    .await;
    let gone = in_seconds(start.elapsed());
    all_stay(hall, &staying.talks).await;
    hall.agrees(scale.right).await;
    let more = format!(
        "{} handed over, {} finished at their socket, gone after {gone}",
        talks.len(),
        streams.len()
    );
    judged(hall, "a drain longer than a lease", LINES, &more).await;
    tokio::task::block_in_place(|| hall.cluster.again(&replica).unwrap());
    hall.empty(scale.right).await;
}
