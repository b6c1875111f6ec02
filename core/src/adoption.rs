//! How live shards share what a lost one left behind: each its part of the whole, so that it does not matter who looks
//! first; and what somebody leaves for two looks, whoever looks next.

use std::collections::HashMap;

use uuid::Uuid;

use crate::BusinessId;
use crate::routing::{Bag, Stray};

/// So many sessions at most are adopted at a time.
const AT_A_TIME: u32 = 50;
/// After so many looks at which nobody took anything, what is left is anybody's.
const PATIENCE: u8 = 2;

/// What a process held when it was found lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estate {
    /// The process.
    pub process: Uuid,
    /// So many sessions.
    pub sessions: u32,
}

/// What one shard has taken of each estate. Kept between its looks, for as long as something of the estate is left.
#[derive(Debug, Clone, Default)]
pub struct Adoption {
    /// `None`: what was let go by processes that ended in order.
    parts: HashMap<Option<Uuid>, Part>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Part {
    /// Sessions that this shard took.
    taken: u32,
    /// Sessions that were left at the last look.
    left: u32,
    /// Looks since somebody took any.
    idle: u8,
}

impl Adoption {
    /// What this shard adopts now of `orphans`, in their order, while `takers` shards have room, this one for `room`
    /// sessions. Whole businesses: one that is larger than a part is taken alone.
    pub(crate) fn choose(&mut self, orphans: &[Stray], takers: u32, room: u32) -> Vec<BusinessId> {
        let takers = takers.max(1);
        let left = self.look(orphans);
        let mut parts: HashMap<Option<Uuid>, Bag> = HashMap::new();
        let mut all = Bag::of(AT_A_TIME.min(room));
        for stray in orphans {
            let process = stray.estate.map(|it| it.process);
            let left = left.get(&process).copied().unwrap_or_default();
            let part = parts
                .entry(process)
                .or_insert_with(|| Bag::of(self.part(stray.estate, left, takers)));
            if part.fits(stray.sessions) && all.fits(stray.sessions) {
                part.put(stray);
                all.put(stray);
            }
        }
        all.into_businesses()
    }

    /// One session of that estate was taken.
    pub fn took(&mut self, estate: Option<Estate>) {
        let part = self.parts.entry(estate.map(|it| it.process)).or_default();
        part.taken = part.taken.saturating_add(1);
        part.left = part.left.saturating_sub(1);
    }

    /// Notes what is left, and what has not become less.
    fn look(&mut self, orphans: &[Stray]) -> HashMap<Option<Uuid>, u32> {
        let mut left: HashMap<Option<Uuid>, u32> = HashMap::new();
        for stray in orphans {
            let sessions = left.entry(stray.estate.map(|it| it.process)).or_default();
            *sessions = sessions.saturating_add(stray.sessions);
        }
        self.parts.retain(|process, _| left.contains_key(process));
        for (process, left) in &left {
            let part = self.parts.entry(*process).or_default();
            let is_idle = *left == part.left;
            part.idle = if is_idle {
                part.idle.saturating_add(1)
            } else {
                0
            };
            part.left = *left;
        }
        left
    }

    /// Sessions of an estate that are this shard's to take now.
    fn part(&self, estate: Option<Estate>, left: u32, takers: u32) -> u32 {
        let part = self.parts.get(&estate.map(|it| it.process));
        let part = part.copied().unwrap_or_default();
        match estate {
            Some(estate) if part.idle < PATIENCE => {
                let whole = estate.sessions.max(left);
                whole.div_ceil(takers).saturating_sub(part.taken)
            }
            _ => left.div_ceil(takers),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::{Peer, Route, share};

    /// What a process with so many businesses of one number left.
    fn left_by_a_lost_one(businesses: u32) -> Vec<Stray> {
        let estate = Estate {
            process: Uuid::new_v4(),
            sessions: businesses,
        };
        let stray = |_| Stray {
            business: BusinessId::generate(),
            sessions: 1,
            route: Route {
                pinned: Some(9),
                ..Route::default()
            },
            last: Some(9),
            estate: Some(estate),
        };
        (0..businesses).map(stray).collect()
    }

    fn peers(live: u16) -> Vec<Peer> {
        let peer = |number| Peer {
            number,
            room: 1_000,
        };
        (1..=live).map(peer).collect()
    }

    /// One look of a shard: what it takes is gone.
    fn look(me: u16, live: u16, adoption: &mut Adoption, orphans: &mut Vec<Stray>) -> usize {
        let taken = share(me, 9, &peers(live), orphans, Some(adoption));
        for stray in orphans.iter().filter(|it| taken.contains(&it.business)) {
            adoption.took(stray.estate);
        }
        orphans.retain(|it| !taken.contains(&it.business));
        taken.len()
    }

    /// How many each of so many shards takes that look in turn, the first of them twice.
    fn taken(businesses: u32, live: u16) -> Vec<usize> {
        let mut orphans = left_by_a_lost_one(businesses);
        let mut shards = vec![(Adoption::default(), 0); usize::from(live)];
        while !orphans.is_empty() {
            for (me, (adoption, taken)) in (1..).zip(&mut shards) {
                let looks = if me == 1 { 2 } else { 1 };
                *taken += (0..looks)
                    .map(|_| look(me, live, adoption, &mut orphans))
                    .sum::<usize>();
            }
        }
        shards.into_iter().map(|(_, taken)| taken).collect()
    }

    #[test]
    fn who_looks_first_and_twice_takes_no_more_than_its_part() {
        for businesses in [1, 2, 3, 24, 49, 99] {
            for live in [2, 3, 5] {
                let taken = taken(businesses, live);
                let (most, least) = (taken.iter().max().unwrap(), taken.iter().min().unwrap());
                // Parts are rounded up, so the last to look misses what the others had too much.
                assert!(most - least < usize::from(live), "{businesses}: {taken:?}");
            }
        }
        assert_eq!(taken(49, 2), [25, 24]);
    }

    #[test]
    fn what_another_leaves_for_two_looks_is_taken() {
        let mut orphans = left_by_a_lost_one(40);
        let mut adoption = Adoption::default();
        let looks: Vec<usize> = (0..8)
            .map(|_| look(1, 2, &mut adoption, &mut orphans))
            .collect();
        assert_eq!(looks[..3], [20, 0, 10], "{looks:?}");
        assert!(orphans.is_empty(), "{looks:?}");
    }

    #[test]
    fn an_estate_without_orphans_is_forgotten() {
        let mut orphans = left_by_a_lost_one(2);
        let mut adoption = Adoption::default();
        while !orphans.is_empty() {
            look(1, 1, &mut adoption, &mut orphans);
        }
        look(1, 1, &mut adoption, &mut orphans);
        assert!(adoption.parts.is_empty());
    }
}
