//! Slots of calls: one contract for those of a process and those in Redis, and a random walk beside a naive count.

use std::time::Duration;

use store::slots::{Admission, Ask, Holding, Last, Mode, Pulse, Renaming, Slots, Timing, Turn};
use switchyard_core::BusinessId;
use tokio::task::JoinSet;

use crate::redis::{Server, until};

#[path = "slots/away.rs"]
mod away;
#[path = "slots/walk.rs"]
mod walk;

/// Nobody waits for owners in these tests, and nothing lapses.
const CALM: Timing = Timing {
    lease: Duration::from_hours(1),
    alive: Duration::from_hours(1),
    stale: Duration::from_hours(1),
    grace: Duration::ZERO,
};

/// Leases of a moment.
const BRIEF: Timing = Timing {
    lease: Duration::from_millis(150),
    ..CALM
};

fn ask(id: &str, business: BusinessId) -> Ask<'_> {
    Ask {
        id,
        business,
        owner: "one",
        mode: Mode::New,
        limit: 50,
        business_limit: 50,
        epoch: 0,
        phase: "greet",
    }
}

fn holding(id: &str, business: BusinessId, epoch: u64) -> Holding {
    Holding {
        id: id.to_owned(),
        business,
        epoch,
        left: Duration::from_mins(1),
    }
}

async fn live(slots: &Slots) -> u32 {
    slots.standing(50).await.unwrap().live
}

macro_rules! both {
    ($($(#[$doc:meta])* async fn $name:ident($slots:ident: Slots, $timing:expr) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn check($slots: Slots) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn here() {
                check(Slots::new(None, $timing)).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn redis() {
                let server = Server::start().await;
                check(Slots::new(Some(server.client()), $timing)).await;
            }
        }
    )*};
}

both! {
    async fn of_400_calls_at_once_50_are_admitted(slots: Slots, CALM) {
        let mut tasks = JoinSet::new();
        for n in 0..400 {
            let slots = slots.clone();
            let business = BusinessId::generate();
            tasks.spawn(async move { slots.acquire(ask(&format!("CA{n}"), business)).await.unwrap() });
        }
        let answers = tasks.join_all().await;
        let admitted = answers.iter().filter(|answer| matches!(answer, Admission::New { .. })).count();
        let full = answers.iter().filter(|answer| **answer == Admission::Full).count();
        assert_eq!((admitted, full), (50, 350));
        assert_eq!(live(&slots).await, 50);
    }

    async fn one_call_that_asks_64_times_at_once_has_one_slot(slots: Slots, CALM) {
        let business = BusinessId::generate();
        let mut tasks = JoinSet::new();
        for _ in 0..64 {
            let slots = slots.clone();
            tasks.spawn(async move { slots.acquire(ask("CA1", business)).await.unwrap() });
        }
        let answers = tasks.join_all().await;
        let new = answers.iter().filter(|answer| matches!(answer, Admission::New { .. })).count();
        let held = answers.iter().filter(|answer| matches!(answer, Admission::Held { .. })).count();
        assert_eq!((new, held, live(&slots).await), (1, 63, 1));
    }

    async fn a_business_at_its_limit_does_not_hinder_another(slots: Slots, CALM) {
        let (busy, other) = (BusinessId::generate(), BusinessId::generate());
        for id in ["CA1", "CA2", "CA3"] {
            let admitted = slots.acquire(Ask { business_limit: 3, ..ask(id, busy) }).await.unwrap();
            assert!(matches!(admitted, Admission::New { .. }), "{admitted:?}");
        }
        let fourth = slots.acquire(Ask { business_limit: 3, ..ask("CA4", busy) }).await.unwrap();
        assert_eq!(fourth, Admission::FullOfBusiness);
        let elsewhere = slots.acquire(Ask { business_limit: 3, ..ask("CA5", other) }).await.unwrap();
        assert!(matches!(elsewhere, Admission::New { live: 4, .. }), "{elsewhere:?}");
    }

    async fn an_ended_call_frees_its_slot_once_and_gets_none_again(slots: Slots, CALM) {
        let business = BusinessId::generate();
        slots.acquire(ask("CA1", business)).await.unwrap();
        assert!(slots.release("CA1", business, "completed").await.unwrap());
        assert!(!slots.release("CA1", business, "busy").await.unwrap());
        assert_eq!(live(&slots).await, 0);
        assert_eq!(slots.acquire(ask("CA1", business)).await.unwrap(), Admission::Ended);
        assert_eq!(slots.turn("CA1", 1, "page", "greet").await.unwrap(), Turn::Ended);
    }

    async fn a_replica_that_leaves_renews_and_counts_as_gone(slots: Slots, CALM) {
        let business = BusinessId::generate();
        let Admission::New { epoch, .. } = slots.acquire(ask("CA1", business)).await.unwrap() else {
            panic!("admitted");
        };
        let left = Duration::from_mins(1);
        let held = [Holding { id: "CA1".to_owned(), business, epoch, left }];
        let owner = slots.holders().await.unwrap()[0].owner.clone();
        slots.beat(&owner, &held).await.unwrap();
        assert!(slots.holders().await.unwrap()[0].owner_lives);
        slots.leave(&owner).await.unwrap();
        assert_eq!(slots.leaving().beat(&owner, &held).await.unwrap(), [Pulse::Held]);
        assert!(!slots.holders().await.unwrap()[0].owner_lives);
    }

    async fn what_is_done_once_of_a_page_is_begun_once(slots: Slots, CALM) {
        let business = BusinessId::generate();
        let begin = async |page| slots.begin_page("CA1", page, "streaming").await.unwrap();
        slots.turn("CA1", 1, "<Response/>", "stream").await.unwrap();
        assert!(!begin(1).await, "it has no slot");
        slots.acquire(ask("CA1", business)).await.unwrap();
        assert!(!begin(0).await && !begin(2).await, "it is on another page");
        let mut tasks = JoinSet::new();
        for _ in 0..16 {
            let slots = slots.clone();
            tasks.spawn(async move { slots.begin_page("CA1", 1, "streaming").await.unwrap() });
        }
        assert_eq!(tasks.join_all().await.into_iter().filter(|it| *it).count(), 1);
        slots.note_phase("CA1", "stream_done").await.unwrap();
        assert!(!begin(1).await, "though the first one is done");
        slots.turn("CA1", 2, "<Response/>", "stream").await.unwrap();
        assert!(!begin(1).await && begin(2).await);
        slots.turn("CA1", 3, "<Response/>", "stream").await.unwrap();
        slots.release("CA1", business, "completed").await.unwrap();
        assert!(!begin(3).await, "it is over");
    }

    async fn nobody_ends_a_call_of_somebody_else(slots: Slots, CALM) {
        let (business, other) = (BusinessId::generate(), BusinessId::generate());
        slots.acquire(ask("CA1", business)).await.unwrap();
        assert!(!slots.release("CA1", other, "completed").await.unwrap());
        assert_eq!(live(&slots).await, 1);
        assert!(slots.release("CA1", business, "completed").await.unwrap());
        assert_eq!(live(&slots).await, 0);
    }

    async fn a_slot_that_is_given_back_is_free_and_may_be_asked_for_again(slots: Slots, CALM) {
        let business = BusinessId::generate();
        slots.acquire(ask("out:1", business)).await.unwrap();
        assert!(!slots.vacate("out:1", business, "two").await.unwrap(), "it is not theirs");
        assert_eq!(live(&slots).await, 1);
        assert!(slots.vacate("out:1", business, "one").await.unwrap());
        assert!(!slots.vacate("out:1", business, "one").await.unwrap());
        assert_eq!(live(&slots).await, 0);
        assert!(slots.sweep().await.unwrap().is_empty());
        let again = slots.acquire(ask("out:1", business)).await.unwrap();
        assert_eq!(again, Admission::New { live: 1, epoch: 2 });
    }

    async fn a_call_whose_end_comes_before_its_beginning_gets_no_slot(slots: Slots, CALM) {
        let business = BusinessId::generate();
        assert!(slots.release("CA1", business, "no_answer").await.unwrap());
        assert_eq!(slots.acquire(ask("CA1", business)).await.unwrap(), Admission::Ended);
        assert_eq!(live(&slots).await, 0);
    }

    async fn whoever_takes_a_call_fences_its_former_owner(slots: Slots, CALM) {
        let business = BusinessId::generate();
        let Admission::New { epoch, .. } = slots.acquire(ask("CA1", business)).await.unwrap() else {
            panic!("admitted");
        };
        let took = slots.acquire(Ask { owner: "two", mode: Mode::Take, ..ask("CA1", business) }).await.unwrap();
        assert_eq!(took, Admission::Held { epoch: epoch + 1, owner: "two".to_owned() });
        let again = slots.acquire(Ask { owner: "two", mode: Mode::Take, ..ask("CA1", business) }).await.unwrap();
        assert_eq!(again, took, "its own owner takes nothing from itself");
        assert_eq!(slots.beat("one", &[holding("CA1", business, epoch)]).await.unwrap(), [Pulse::Stolen]);
        assert_eq!(slots.beat("two", &[holding("CA1", business, epoch + 1)]).await.unwrap(), [Pulse::Held]);
        assert_eq!(live(&slots).await, 1);
    }

    async fn a_beat_says_of_each_call_how_it_stands(slots: Slots, CALM) {
        let business = BusinessId::generate();
        for id in ["CA1", "CA2", "CA3"] {
            slots.acquire(ask(id, business)).await.unwrap();
        }
        slots.release("CA2", business, "completed").await.unwrap();
        let held = [
            holding("CA1", business, 1),
            holding("CA2", business, 1),
            Holding { left: Duration::ZERO, ..holding("CA3", business, 1) },
            holding("CA4", business, 1),
        ];
        let answers = slots.beat("one", &held).await.unwrap();
        assert_eq!(answers, [Pulse::Held, Pulse::Ended, Pulse::Overdue, Pulse::Lost]);
    }

    async fn a_slot_that_nobody_renews_is_free_and_swept_once(slots: Slots, BRIEF) {
        let business = BusinessId::generate();
        slots.acquire(ask("CA1", business)).await.unwrap();
        until("the lease runs out", || async { live(&slots).await == 0 }).await;
        assert_eq!(slots.beat("one", &[holding("CA1", business, 1)]).await.unwrap(), [Pulse::Lost]);
        assert_eq!(slots.sweep().await.unwrap(), [("CA1".to_owned(), Some(business))]);
        assert!(slots.sweep().await.unwrap().is_empty());
        let again = Ask { mode: Mode::Reassert, epoch: 7, ..ask("CA1", business) };
        assert!(matches!(slots.acquire(again).await.unwrap(), Admission::New { epoch: 8, .. }));
    }

    async fn a_beat_does_not_hold_a_call_longer_than_its_evidence(slots: Slots, BRIEF) {
        let business = BusinessId::generate();
        slots.acquire(ask("CA1", business)).await.unwrap();
        let brief = Holding { left: Duration::from_millis(40), ..holding("CA1", business, 1) };
        slots.beat("one", &[brief]).await.unwrap();
        let holder = slots.holders().await.unwrap().pop();
        let left = holder.map_or(Duration::ZERO, |holder| holder.left);
        assert!(left <= Duration::from_millis(150), "never longer than the lease: {left:?}");
        until("it runs out", || async { live(&slots).await == 0 }).await;
    }

    async fn while_owners_say_what_they_hold_nobody_new_is_let_in(
        slots: Slots, Timing { grace: Duration::from_millis(400), ..CALM }
    ) {
        let business = BusinessId::generate();
        assert!(matches!(slots.acquire(ask("CA1", business)).await.unwrap(), Admission::Warming { .. }));
        let known = Ask { mode: Mode::Reassert, ..ask("CA2", business) };
        assert!(matches!(slots.acquire(known).await.unwrap(), Admission::New { live: 1, .. }));
        // Whatever the limit is by now, or what is left of it: they were let in before.
        let more = Ask { mode: Mode::Reassert, limit: 1, business_limit: 1, ..ask("CA3", business) };
        assert!(matches!(slots.acquire(more).await.unwrap(), Admission::New { live: 2, .. }));
        slots.release("CA3", business, "completed").await.unwrap();
        until("the window closes", || async {
            matches!(slots.acquire(ask("CA1", business)).await.unwrap(), Admission::New { live: 2, .. })
        }).await;
    }

    async fn a_reservation_gives_its_slot_to_its_call_whoever_says_so_first(slots: Slots, CALM) {
        let business = BusinessId::generate();
        slots.acquire(ask("out:1", business)).await.unwrap();
        assert_eq!(slots.rename("out:1", "CA1", business).await.unwrap(), Renaming::Renamed);
        assert_eq!(slots.rename("out:1", "CA1", business).await.unwrap(), Renaming::Done);
        assert_eq!(live(&slots).await, 1);
        // Whoever renews it still asks for no second slot.
        let left = Duration::from_mins(1);
        let held = [Holding { id: "out:1".to_owned(), business, epoch: 1, left }];
        assert_eq!(slots.beat("one", &held).await.unwrap(), [Pulse::Ended]);
        let again = Ask { mode: Mode::Reassert, ..ask("out:1", business) };
        assert_eq!(slots.acquire(again).await.unwrap(), Admission::Ended);
        slots.acquire(ask("out:2", business)).await.unwrap();
        slots.release("CA2", business, "failed").await.unwrap();
        assert_eq!(slots.rename("out:2", "CA2", business).await.unwrap(), Renaming::Ended);
        assert_eq!(live(&slots).await, 1, "the reservation of a call that failed is free");
        assert_eq!(slots.rename("out:3", "CA3", business).await.unwrap(), Renaming::Lost);
    }

    async fn a_storm_of_renames_at_the_limit_lets_no_intruder_in(slots: Slots, CALM) {
        let business = BusinessId::generate();
        let at_limit = |id: String| {
            let slots = slots.clone();
            async move { slots.acquire(Ask { limit: 20, ..ask(&id, business) }).await.unwrap() }
        };
        for n in 0..20 {
            at_limit(format!("out:{n}")).await;
        }
        let mut tasks = JoinSet::new();
        for n in 0..20 {
            let (one, two) = (slots.clone(), at_limit(format!("intruder{n}")));
            tasks.spawn(async move {
                one.rename(&format!("out:{n}"), &format!("CA{n}"), business).await.unwrap();
                false
            });
            tasks.spawn(async move { matches!(two.await, Admission::New { .. }) });
        }
        assert!(tasks.join_all().await.into_iter().all(|let_in| !let_in));
        assert_eq!(live(&slots).await, 20);
    }

    async fn a_lower_limit_evicts_nobody_and_lets_nobody_in(slots: Slots, CALM) {
        let business = BusinessId::generate();
        for n in 0..5 {
            slots.acquire(ask(&format!("CA{n}"), business)).await.unwrap();
        }
        slots.set_limit(Some(3)).await.unwrap();
        let standing = slots.standing(50).await.unwrap();
        assert_eq!((standing.live, standing.limit), (5, 3));
        assert_eq!(slots.acquire(ask("CA9", business)).await.unwrap(), Admission::Full);
        assert!(matches!(slots.acquire(ask("CA1", business)).await.unwrap(), Admission::Held { .. }));
        slots.set_limit(None).await.unwrap();
        assert!(matches!(slots.acquire(ask("CA9", business)).await.unwrap(), Admission::New { .. }));
    }

    async fn holders_are_shown_with_their_owner_and_whether_it_lives(slots: Slots, CALM) {
        let business = BusinessId::generate();
        slots.acquire(ask("CA1", business)).await.unwrap();
        let of_dead = slots.holders().await.unwrap().pop().unwrap();
        assert_eq!((of_dead.owner.as_str(), of_dead.owner_lives), ("one", false));
        slots.beat("one", &[]).await.unwrap();
        let held = slots.holders().await.unwrap().pop().unwrap();
        assert_eq!((held.id.as_str(), held.business, held.epoch), ("CA1", Some(business), 1));
        assert_eq!((held.phase.as_str(), held.owner_lives), ("greet", true));
    }

    async fn one_replica_at_a_time_looks_after_all_calls(slots: Slots, CALM) {
        assert!(slots.lead("one", Duration::from_mins(1)).await.unwrap());
        assert!(slots.lead("one", Duration::from_mins(1)).await.unwrap());
    }

    async fn the_first_text_of_a_page_stays_its_text(slots: Slots, CALM) {
        let business = BusinessId::generate();
        slots.acquire(ask("CA1", business)).await.unwrap();
        assert_eq!(slots.turn("CA1", 1, "one", "greet").await.unwrap(), Turn::Turned);
        assert_eq!(slots.turn("CA1", 1, "other", "greet").await.unwrap(), Turn::Repeated("one".to_owned()));
        assert_eq!(slots.turn("CA1", 2, "two", "menu").await.unwrap(), Turn::Turned);
        assert_eq!(slots.turn("CA1", 1, "late", "greet").await.unwrap(), Turn::Repeated("two".to_owned()));
        let phase = "menu".to_owned();
        let last = Last { ended: false, ended_as: String::new(), page: 2, body: "two".to_owned(), phase };
        assert_eq!(slots.last("CA1").await.unwrap(), last);
        slots.note_phase("CA1", "stream").await.unwrap();
        assert_eq!(slots.last("CA1").await.unwrap().phase, "stream");
    }
}
