//! A random walk of slots beside a naive count.

use std::collections::{BTreeMap, BTreeSet};

use store::slots::{Admission, Ask, Mode, Pulse, Renaming, Slots};
use switchyard_core::BusinessId;

use super::{CALM, ask, holding, live};
use crate::redis::Server;

/// What the slots are: ids with a slot and ids that ended.
#[derive(Default)]
struct Naive {
    live: BTreeMap<String, BusinessId>,
    ended: BTreeSet<String>,
}

impl Naive {
    fn acquire(
        &mut self,
        id: &str,
        business: BusinessId,
        limit: usize,
        own: usize,
    ) -> &'static str {
        if self.ended.contains(id) {
            return "ended";
        }
        if self.live.contains_key(id) {
            return "held";
        }
        if self.live.len() >= limit {
            return "full";
        }
        if self
            .live
            .values()
            .filter(|whose| **whose == business)
            .count()
            >= own
        {
            return "full of business";
        }
        self.live.insert(id.to_owned(), business);
        "new"
    }

    fn rename(&mut self, old: &str, new: &str) -> Renaming {
        if self.ended.contains(new) {
            self.live.remove(old);
            self.ended.insert(old.to_owned());
            return Renaming::Ended;
        }
        if self.live.contains_key(new) {
            self.live.remove(old);
            self.ended.insert(old.to_owned());
            return Renaming::Done;
        }
        match self.live.remove(old) {
            Some(business) => {
                self.ended.insert(old.to_owned());
                self.live.insert(new.to_owned(), business);
                Renaming::Renamed
            }
            None => Renaming::Lost,
        }
    }
}

fn named(admission: &Admission) -> &'static str {
    match admission {
        Admission::New { .. } => "new",
        Admission::Held { .. } => "held",
        Admission::Full => "full",
        Admission::FullOfBusiness => "full of business",
        Admission::Warming { .. } => "warming",
        Admission::Ended => "ended",
    }
}

/// A walk that a seed decides; the same on every machine.
struct Walk(u64);

impl Walk {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % most
    }
}

async fn walk(slots: Slots, seed: u64) {
    let businesses = [(); 3].map(|()| BusinessId::generate());
    let whose = |n: u64| businesses[usize::try_from(n % 3).unwrap()];
    let (mut naive, mut walk) = (Naive::default(), Walk(seed));
    let mut next = 0;
    for step in 0..1_500 {
        // Young ids come up again and again, so that they meet themselves in every state.
        next += u64::from(walk.below(3) == 0);
        let n = next.saturating_sub(walk.below(12));
        let id = format!("CA{n}");
        let said = format!("seed {seed}, step {step}, {id}");
        match walk.below(10) {
            0..=5 => {
                let mode = [Mode::New, Mode::Take, Mode::Reassert]
                    [usize::try_from(walk.below(3)).unwrap()];
                let asked = Ask {
                    limit: 8,
                    business_limit: 4,
                    mode,
                    ..ask(&id, whose(n))
                };
                let answer = slots.acquire(asked).await.unwrap();
                assert_eq!(named(&answer), naive.acquire(&id, whose(n), 8, 4), "{said}");
            }
            6 | 7 => {
                let first = slots.release(&id, whose(n), "completed").await.unwrap();
                naive.live.remove(&id);
                assert_eq!(first, naive.ended.insert(id), "{said}");
            }
            8 => {
                let to = format!("CA{}", n + 3);
                // A reservation and its call are of one business.
                let done = slots.rename(&id, &to, whose(n)).await.unwrap();
                assert_eq!(done, naive.rename(&id, &to), "{said}");
            }
            _ => {
                let pulse = slots
                    .beat("one", &[holding(&id, whose(n), 1)])
                    .await
                    .unwrap();
                let is_live = naive.live.contains_key(&id);
                let ended = naive.ended.contains(&id);
                assert_eq!(pulse[0] == Pulse::Ended, ended, "{said}");
                assert!(pulse[0] != Pulse::Held || is_live, "{said}");
                assert!(pulse[0] != Pulse::Lost || !is_live, "{said}");
            }
        }
        assert_eq!(
            live(&slots).await,
            u32::try_from(naive.live.len()).unwrap(),
            "step {step}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_random_walk_agrees_with_a_naive_count_here() {
    for seed in 1..=20 {
        walk(Slots::new(None, CALM), seed).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_random_walk_agrees_with_a_naive_count_in_redis() {
    let server = Server::start().await;
    for seed in 1..=4 {
        server.command(&["FLUSHALL"]);
        walk(Slots::new(Some(server.client()), CALM), seed).await;
    }
}
