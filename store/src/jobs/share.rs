//! Dividing free slots between businesses: in turn, nobody more than a quarter while another waits, and nobody all.

use std::collections::HashMap;

use switchyard_core::BusinessId;
use uuid::Uuid;

/// The part of a kind's slots that one business may have while another waits.
const QUARTER: u32 = 4;
/// The part of a kind's slots that stays free of a business which is alone: the job of the next one begins at once,
/// also while all of the first one's hang.
const EIGHTH: u32 = 8;

/// A business with due jobs: the nil id is the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) business: Uuid,
    /// Of its most urgent due jobs.
    pub(crate) priority: i64,
}

/// So many jobs of a business may be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) due: Due,
    pub(crate) jobs: u32,
}

/// The shares of businesses, which come in the order of their turn. Together they are at most `free`.
pub(crate) fn divide(
    due: &[Due],
    slots: u32,
    free: u32,
    running: &HashMap<Option<BusinessId>, u32>,
) -> Vec<Share> {
    let most = if due.len() > 1 {
        (slots / QUARTER).max(1)
    } else {
        slots.saturating_sub(slots / EIGHTH)
    };
    let room = |due: &Due| {
        let running = running.get(&business(due.business)).copied();
        most.saturating_sub(running.unwrap_or(0))
    };
    let rooms: Vec<u32> = due.iter().map(room).collect();
    let mut shares = vec![0_u32; due.len()];
    let mut left = free;
    // One each per round, so that whoever comes first in turn also gets what does not divide evenly.
    while left > 0 {
        let before = left;
        for (share, room) in shares.iter_mut().zip(&rooms) {
            if left > 0 && *share < *room {
                *share = share.saturating_add(1);
                left = left.saturating_sub(1);
            }
        }
        if left == before {
            break;
        }
    }
    let given = due.iter().zip(shares).filter(|(_, jobs)| *jobs > 0);
    given.map(|(due, jobs)| Share { due: *due, jobs }).collect()
}

/// The stored id as a business; `None` is the platform.
pub(crate) fn business(stored: Uuid) -> Option<BusinessId> {
    (!stored.is_nil()).then(|| stored.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(businesses: &[u128]) -> Vec<Due> {
        let one = |id: &u128| Due {
            business: Uuid::from_u128(*id),
            priority: 0,
        };
        businesses.iter().map(one).collect()
    }

    fn jobs(due: &[Due], slots: u32, free: u32, running: &[(u128, u32)]) -> Vec<u32> {
        let running = running
            .iter()
            .map(|(id, n)| (business(Uuid::from_u128(*id)), *n))
            .collect();
        let shares = divide(due, slots, free, &running);
        shares.iter().map(|share| share.jobs).collect()
    }

    #[test]
    fn a_business_that_is_alone_leaves_an_eighth_for_the_next_where_there_are_eight() {
        assert_eq!(jobs(&due(&[7]), 32, 32, &[]), [28]);
        assert_eq!(jobs(&due(&[7]), 32, 6, &[(7, 26)]), [2]);
        assert_eq!(jobs(&due(&[7]), 32, 4, &[(7, 28)]), [0; 0]);
        assert_eq!(jobs(&due(&[7]), 4, 4, &[]), [4]);
    }

    #[test]
    fn nobody_has_more_than_a_quarter_while_another_waits() {
        assert_eq!(jobs(&due(&[7, 8]), 32, 32, &[]), [8, 8]);
        assert_eq!(jobs(&due(&[7, 8]), 32, 26, &[(7, 6)]), [2, 8]);
        assert_eq!(jobs(&due(&[7, 8]), 32, 20, &[(7, 12)]), [8]);
    }

    #[test]
    fn slots_go_round_one_by_one() {
        assert_eq!(jobs(&due(&[1, 2, 3]), 32, 2, &[]), [1, 1]);
        assert_eq!(jobs(&due(&[1, 2, 3]), 32, 7, &[]), [3, 2, 2]);
        assert_eq!(jobs(&due(&[1, 2]), 2, 2, &[]), [1, 1]);
        assert_eq!(jobs(&due(&[]), 32, 32, &[]), [0; 0]);
    }
}
