//! Everything there is on the network, and how to find it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tokio_util::sync::CancellationToken;
use wacore_binary::{Jid, Server};

use crate::carrier::Carrier;
use crate::certificates::ServerKeys;
use crate::disk::Disk;
use crate::effects::Effects;
use crate::faults::Faults;
use crate::jids::{Addressing, is_person};
use crate::log::Log;
use crate::pairing::Offers;
use crate::phone::{Phone, SharedPhone};

/// How the network judges its clients.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    /// By how much the life of a code is longer than WhatsApp's.
    pub(crate) qr_scale: f64,
    /// Whether what WhatsApp refuses is refused.
    pub(crate) strict: bool,
}

/// The network.
pub(crate) struct World {
    /// By how much the life of a code is longer than WhatsApp's.
    pub(crate) qr_scale: f64,
    /// Whether what WhatsApp refuses is refused.
    pub(crate) strict: bool,
    /// The server's keys.
    pub(crate) keys: ServerKeys,
    /// Where everything is kept.
    pub(crate) disk: Disk,
    /// What happened.
    pub(crate) log: Log,
    /// What goes wrong on purpose.
    pub(crate) faults: Arc<Faults>,
    /// Codes that wait to be scanned.
    pub(crate) offers: Offers,
    /// The telephone network.
    pub(crate) carrier: Arc<Carrier>,
    /// Cancelled when the network stops.
    pub(crate) over: CancellationToken,
    phones: RwLock<HashMap<String, SharedPhone>>,
    by_lid: RwLock<HashMap<String, SharedPhone>>,
    sockets: AtomicU64,
}

impl World {
    /// A network with these phones.
    pub(crate) fn new(
        keys: ServerKeys,
        disk: Disk,
        log: Log,
        phones: HashMap<String, SharedPhone>,
        rules: Rules,
        carrier: Carrier,
        over: CancellationToken,
    ) -> Self {
        let by_lid = phones
            .values()
            .map(|phone| (phone.lid.clone(), Arc::clone(phone)))
            .collect();
        Self {
            qr_scale: rules.qr_scale,
            strict: rules.strict,
            keys,
            disk,
            sockets: AtomicU64::new(log.last_socket()),
            log,
            faults: carrier.faults(),
            offers: Offers::default(),
            carrier: Arc::new(carrier),
            over,
            phones: RwLock::new(phones),
            by_lid: RwLock::new(by_lid),
        }
    }

    /// The number of the next connection.
    pub(crate) fn next_socket(&self) -> u64 {
        self.sockets
            .fetch_add(1, Ordering::Relaxed)
            .saturating_add(1)
    }

    /// The phone with that number.
    pub(crate) fn phone(&self, digits: &str) -> Option<SharedPhone> {
        self.phones
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(digits)
            .cloned()
    }

    /// All phones, by number.
    pub(crate) fn phones(&self) -> Vec<SharedPhone> {
        let phones = self.phones.read().unwrap_or_else(PoisonError::into_inner);
        let mut phones: Vec<_> = phones.values().cloned().collect();
        phones.sort_by(|left, right| left.phone.cmp(&right.phone));
        phones
    }

    /// Whose address that is, and which device of it.
    pub(crate) fn find(&self, jid: &Jid) -> Option<(SharedPhone, u16)> {
        if !is_person(jid) {
            return None;
        }
        let phones = if jid.server == Server::Lid {
            &self.by_lid
        } else {
            &self.phones
        };
        let phones = phones.read().unwrap_or_else(PoisonError::into_inner);
        phones
            .get(jid.user.as_str())
            .map(|phone| (Arc::clone(phone), jid.device))
    }

    /// Adds a phone; nothing when the number is taken.
    pub(crate) fn add_phone(
        &self,
        digits: &str,
        name: &str,
        addressing: Addressing,
        effects: &mut Effects,
    ) -> anyhow::Result<Option<SharedPhone>> {
        let mut phones = self.phones.write().unwrap_or_else(PoisonError::into_inner);
        if phones.contains_key(digits) {
            return Ok(None);
        }
        let mut by_lid = self.by_lid.write().unwrap_or_else(PoisonError::into_inner);
        // LIDs of the real network are numbers of about fifteen digits.
        let lid = std::iter::repeat_with(|| {
            rand::random_range(100_000_000_000_000_u64..999_999_999_999_999).to_string()
        })
        .find(|lid| !by_lid.contains_key(lid))
        .unwrap_or_default();
        let phone = Arc::new(Phone::create(digits, &lid, name, addressing)?);
        effects.rows.push(phone.read(crate::phone::State::row));
        by_lid.insert(lid, Arc::clone(&phone));
        phones.insert(digits.to_owned(), Arc::clone(&phone));
        Ok(Some(phone))
    }
}
