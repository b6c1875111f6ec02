//! Where the sessions of a business belong, and which of those that nobody holds a shard takes.

use md5::{Digest, Md5};

use crate::BusinessId;
use crate::adoption::{Adoption, Estate};

/// The shard (1..=`shards`) of a business by its hash: md5 over the 36-character lower-case hyphenated UUID,
/// read as one big-endian number, modulo the number of shards, plus one. No shards: 1.
pub fn hash_route(business: BusinessId, shards: u16) -> u16 {
    let digest: [u8; 16] = Md5::digest(business.uuid().hyphenated().to_string()).into();
    let place = u128::from_be_bytes(digest) % u128::from(shards.max(1));
    u16::try_from(place).unwrap_or(0).saturating_add(1)
}

/// What is written down of where a business belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Route {
    /// The live shard that holds one of its sessions.
    pub holder: Option<u16>,
    /// Where somebody moved it to.
    pub chosen: Option<u16>,
    /// Where it was when its first session connected.
    pub pinned: Option<u16>,
}

impl Route {
    /// The number of the shard where the business's sessions belong, while there are `shards` of them.
    pub fn of(self, business: BusinessId, shards: u16) -> u16 {
        self.holder.unwrap_or_else(|| self.home(business, shards))
    }

    /// The same, whoever holds them now.
    pub fn home(self, business: BusinessId, shards: u16) -> u16 {
        self.chosen
            .or(self.pinned)
            .unwrap_or_else(|| hash_route(business, shards))
    }
}

/// A live shard, as far as it matters to who takes what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its number.
    pub number: u16,
    /// So many more sessions it takes; none while it is to be empty.
    pub room: u32,
}

/// A business with sessions that nobody holds though they have something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stray {
    /// The business.
    pub business: BusinessId,
    /// So many sessions.
    pub sessions: u32,
    /// Where they belong.
    pub route: Route,
    /// The number of the lost shard that held them.
    pub last: Option<u16>,
    /// What that one held in all; none of a process that ended in order.
    pub estate: Option<Estate>,
}

/// The businesses that the shard `me` takes now, of those that nobody holds: its own, and those of others as far as
/// `adoption` lets it; without one it adopts none. Its own are those that belong to it, and those that it held before it lost its lease. Others it
/// adopts when nobody is there for them, a fair share at a time; whole businesses, so one that is larger than what is
/// left is taken alone.
pub fn share(
    me: u16,
    shards: u16,
    peers: &[Peer],
    strays: &[Stray],
    adoption: Option<&mut Adoption>,
) -> Vec<BusinessId> {
    let Some(mine) = peers.iter().find(|peer| peer.number == me) else {
        return Vec::new();
    };
    let has_room = |number| {
        let home = peers.iter().find(|peer| peer.number == number);
        home.is_some_and(|peer| peer.room > 0)
    };
    let (mut own, mut orphans) = (Vec::new(), Vec::new());
    for stray in strays {
        let place = stray.route.of(stray.business, shards);
        if place == me || (stray.last == Some(me) && stray.route.holder.is_none()) {
            own.push(*stray);
        } else if !has_room(place) {
            orphans.push(*stray);
        }
    }
    let mut taken = Bag::of(mine.room);
    for stray in &own {
        taken.put(stray);
    }
    if let Some(adoption) = adoption {
        let takers = peers.iter().filter(|peer| peer.room > 0).count();
        let takers = u32::try_from(takers).unwrap_or(u32::MAX);
        // Each begins elsewhere, so that they seldom reach for the same one.
        orphans.sort_by_key(|stray| spread(stray.business, me));
        let mut adopted = adoption.choose(&orphans, takers, taken.left);
        taken.businesses.append(&mut adopted);
    }
    taken.businesses
}

/// To whom a shard gives which of the businesses that it holds, each with its number of sessions: every one to the
/// shard with the most room, so many sessions as `free` at most; one that is larger goes alone.
pub fn hand_out(
    peers: &[Peer],
    held: &[(BusinessId, u32)],
    free: u32,
) -> Vec<(BusinessId, u16, u32)> {
    let mut peers = peers.to_vec();
    let mut given = Vec::new();
    let mut left = free;
    for (business, sessions) in held {
        if left < *sessions && !given.is_empty() {
            break;
        }
        let Some(peer) = peers.iter_mut().max_by_key(|peer| peer.room) else {
            break;
        };
        if peer.room < *sessions {
            continue;
        }
        peer.room = peer.room.saturating_sub(*sessions);
        left = left.saturating_sub(*sessions);
        given.push((*business, peer.number, *sessions));
    }
    given
}

/// How many sessions of `held` would stay if [`hand_out`] gave the rest away: no shard has room for their business.
pub fn without_room(peers: &[Peer], held: &[(BusinessId, u32)]) -> u32 {
    let given = hand_out(peers, held, u32::MAX);
    let all = held
        .iter()
        .fold(0_u32, |sum, (_, sessions)| sum.saturating_add(*sessions));
    given
        .iter()
        .fold(all, |left, (_, _, sessions)| left.saturating_sub(*sessions))
}

/// What one shard takes.
pub(crate) struct Bag {
    left: u32,
    businesses: Vec<BusinessId>,
}

impl Bag {
    pub(crate) fn of(room: u32) -> Self {
        Self {
            left: room,
            businesses: Vec::new(),
        }
    }

    /// Whether there is room for a business with so many sessions; one that is larger goes alone.
    pub(crate) fn fits(&self, sessions: u32) -> bool {
        let alone = self.businesses.is_empty() && self.left > 0;
        alone || sessions <= self.left
    }

    pub(crate) fn into_businesses(self) -> Vec<BusinessId> {
        self.businesses
    }

    pub(crate) fn put(&mut self, stray: &Stray) {
        if self.fits(stray.sessions) {
            self.left = self.left.saturating_sub(stray.sessions);
            self.businesses.push(stray.business);
        }
    }
}

/// Another order of businesses for each shard.
fn spread(business: BusinessId, me: u16) -> [u8; 16] {
    let mut digest = Md5::new();
    digest.update(me.to_be_bytes());
    digest.update(business.uuid().as_bytes());
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn route(uuid: &str) -> Vec<u16> {
        let business = BusinessId::from(Uuid::parse_str(uuid).unwrap());
        [2, 3, 5, 10]
            .into_iter()
            .map(|shards| hash_route(business, shards))
            .collect()
    }

    #[test]
    fn the_published_vectors_hold() {
        assert_eq!(route("018f3b9e-7c1a-7b2d-9e4f-0123456789ab"), [2, 2, 1, 6]);
        assert_eq!(route("00000000-0000-7000-8000-000000000000"), [2, 1, 3, 8]);
    }

    #[test]
    fn a_holder_goes_before_a_choice_a_choice_before_the_pin_and_the_pin_before_the_hash() {
        let business = BusinessId::from(Uuid::nil());
        let mut route = Route {
            holder: Some(7),
            chosen: Some(6),
            pinned: Some(5),
        };
        assert_eq!((route.of(business, 3), route.home(business, 3)), (7, 6));
        route.holder = None;
        assert_eq!(route.of(business, 3), 6);
        route.chosen = None;
        assert_eq!((route.of(business, 3), route.of(business, 9)), (5, 5));
        route.pinned = None;
        assert_eq!(route.of(business, 3), hash_route(business, 3));
    }

    fn stray(pinned: u16, sessions: u32) -> Stray {
        Stray {
            business: BusinessId::generate(),
            sessions,
            route: Route {
                pinned: Some(pinned),
                ..Route::default()
            },
            last: None,
            estate: None,
        }
    }

    fn peers(rooms: &[(u16, u32)]) -> Vec<Peer> {
        rooms
            .iter()
            .map(|(number, room)| Peer {
                number: *number,
                room: *room,
            })
            .collect()
    }

    #[test]
    fn a_shard_takes_its_own_and_leaves_what_belongs_to_a_live_other() {
        let strays = [stray(1, 1), stray(2, 1), stray(1, 3)];
        let peers = peers(&[(1, 100), (2, 100)]);
        let taken = share(1, 2, &peers, &strays, Some(&mut Adoption::default()));
        assert_eq!(taken, [strays[0].business, strays[2].business]);
    }

    #[test]
    fn what_it_held_before_it_lost_its_lease_is_its_own() {
        let mut lent = stray(2, 1);
        lent.last = Some(1);
        assert_eq!(
            share(1, 2, &peers(&[(1, 9)]), &[lent], None),
            [lent.business]
        );
        lent.route.holder = Some(2);
        assert!(share(1, 2, &peers(&[(1, 9)]), &[lent], None).is_empty());
    }

    #[test]
    fn orphans_are_shared_between_the_live_ones_and_never_more_than_fifty_at_a_time() {
        let orphans: Vec<Stray> = (0..30).map(|_| stray(3, 1)).collect();
        let two = peers(&[(1, 1_000), (2, 1_000)]);
        assert_eq!(
            share(1, 3, &two, &orphans, Some(&mut Adoption::default())).len(),
            15
        );
        assert!(share(1, 3, &two, &orphans, None).is_empty(), "not yet");
        let many: Vec<Stray> = (0..1_000).map(|_| stray(3, 1)).collect();
        assert_eq!(
            share(1, 3, &two, &many, Some(&mut Adoption::default())).len(),
            50
        );
        assert_eq!(
            share(
                1,
                3,
                &peers(&[(1, 7), (2, 1)]),
                &many,
                Some(&mut Adoption::default())
            )
            .len(),
            7
        );
        assert!(
            share(
                1,
                3,
                &peers(&[(1, 0), (2, 9)]),
                &many,
                Some(&mut Adoption::default())
            )
            .is_empty()
        );
        assert!(
            share(
                1,
                3,
                &peers(&[(2, 9)]),
                &many,
                Some(&mut Adoption::default())
            )
            .is_empty(),
            "it is not live"
        );
    }

    #[test]
    fn what_is_given_away_goes_where_there_is_most_room() {
        let held: Vec<_> = (0..6).map(|_| (BusinessId::generate(), 2)).collect();
        let given = hand_out(&peers(&[(2, 8), (3, 8)]), &held, 50);
        let of = |number| given.iter().filter(|it| it.1 == number).count();
        assert_eq!((given.len(), of(2), of(3)), (6, 3, 3));
        assert_eq!(hand_out(&peers(&[(2, 8)]), &held, 50).len(), 4);
        assert_eq!(hand_out(&peers(&[(2, 80)]), &held, 5).len(), 2);
        assert_eq!(hand_out(&peers(&[(2, 80)]), &held, 1).len(), 1);
        assert!(hand_out(&[], &held, 50).is_empty());
    }

    #[test]
    fn room_that_one_business_takes_is_none_for_the_next() {
        let held = |sessions: &[u32]| -> Vec<(BusinessId, u32)> {
            let each = sessions.iter();
            each.map(|it| (BusinessId::generate(), *it)).collect()
        };
        let three = peers(&[(2, 3), (3, 1)]);
        assert_eq!(without_room(&three, &held(&[2, 1, 1])), 0);
        assert_eq!(without_room(&three, &held(&[2, 2])), 2);
        assert_eq!(without_room(&three, &held(&[4, 3, 1])), 4);
        assert_eq!(without_room(&[], &held(&[4, 3])), 7);
        assert_eq!(without_room(&three, &[]), 0);
    }

    #[test]
    fn a_full_or_closed_home_is_as_good_as_none() {
        let orphan = stray(2, 1);
        let full = peers(&[(1, 10), (2, 0)]);
        assert_eq!(
            share(1, 2, &full, &[orphan], Some(&mut Adoption::default())),
            [orphan.business]
        );
    }

    #[test]
    fn a_business_that_is_larger_than_the_share_is_taken_alone() {
        let orphans = [stray(3, 80), stray(3, 1), stray(3, 70)];
        let taken = share(
            1,
            3,
            &peers(&[(1, 1_000)]),
            &orphans,
            Some(&mut Adoption::default()),
        );
        let all: u32 = orphans
            .iter()
            .filter(|it| taken.contains(&it.business))
            .map(|it| it.sessions)
            .sum();
        assert!(taken.len() == 1 || all <= 50, "{taken:?}");
    }
}
