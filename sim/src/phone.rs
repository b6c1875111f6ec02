//! A phone: a person with a number, a LID, a Signal identity, a ledger and linked devices.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::companion::{Bundle, Companion};
use crate::disk::Disk;
use crate::effects::{Effects, Row, Table};
use crate::jids::{Addressing, Names};
use crate::ledger::Ledger;
use crate::person::{KeptPerson, Person};

/// What of a phone is kept in one row.
#[derive(Serialize, Deserialize)]
pub(crate) struct KeptPhone {
    phone: String,
    lid: String,
    name: String,
    addressing: Addressing,
    person: KeptPerson,
    next_device: u16,
    raw_id: u32,
    #[serde(with = "crate::contents::base64_bytes")]
    sync_key_id: Vec<u8>,
    #[serde(with = "crate::contents::base64_bytes")]
    sync_key: Vec<u8>,
}

/// One phone.
#[expect(
    clippy::struct_field_names,
    reason = "a phone's number is called its phone everywhere"
)]
pub(crate) struct Phone {
    /// Digits of the number.
    pub(crate) phone: String,
    /// Digits of the LID.
    pub(crate) lid: String,
    state: Mutex<State>,
    typing: Mutex<()>,
}

/// What changes about a phone.
pub(crate) struct State {
    phone: String,
    lid: String,
    /// What others see as the name.
    pub(crate) name: String,
    /// Which address others see.
    pub(crate) addressing: Addressing,
    /// Its Signal side.
    pub(crate) person: Person,
    /// What it shows.
    pub(crate) ledger: Ledger,
    /// Its linked devices.
    pub(crate) companions: BTreeMap<u16, Companion>,
    /// The number of the next device: never used twice.
    pub(crate) next_device: u16,
    /// The number of the phone's signed list of devices.
    pub(crate) raw_id: u32,
    /// The name of its key of the application state.
    pub(crate) sync_key_id: Vec<u8>,
    /// Its key of the application state.
    pub(crate) sync_key: Vec<u8>,
    /// Counts every change, so that a page knows when to look again.
    pub(crate) changes: u64,
    starts: HashMap<String, u32>,
}

impl Phone {
    /// Somebody new with that number and LID.
    pub(crate) fn create(
        phone: &str,
        lid: &str,
        name: &str,
        addressing: Addressing,
    ) -> anyhow::Result<Self> {
        let key: [u8; 32] = rand::random();
        let key_id: [u8; 6] = rand::random();
        Self::from_kept(KeptPhone {
            phone: phone.to_owned(),
            lid: lid.to_owned(),
            name: name.to_owned(),
            addressing,
            person: Person::generate()?.to_kept(),
            next_device: 1,
            raw_id: rand::random_range(1..0x7fff_ffff),
            sync_key_id: key_id.to_vec(),
            sync_key: key.to_vec(),
        })
    }

    /// Somebody who was kept.
    pub(crate) fn from_kept(kept: KeptPhone) -> anyhow::Result<Self> {
        let state = State {
            phone: kept.phone.clone(),
            lid: kept.lid.clone(),
            name: kept.name,
            addressing: kept.addressing,
            person: Person::from_kept(&kept.person)?,
            ledger: Ledger::default(),
            companions: BTreeMap::new(),
            next_device: kept.next_device,
            raw_id: kept.raw_id,
            sync_key_id: kept.sync_key_id,
            sync_key: kept.sync_key,
            changes: 0,
            starts: HashMap::new(),
        };
        Ok(Self {
            phone: kept.phone,
            lid: kept.lid,
            state: Mutex::new(state),
            typing: Mutex::new(()),
        })
    }

    /// Does one step under the phone's lock; its changes are kept before its stanzas leave, in the
    /// order of the steps. A step must not touch another phone.
    pub(crate) fn with<T>(
        &self,
        disk: &Disk,
        step: impl FnOnce(&mut State, &mut Effects) -> T,
    ) -> T {
        let mut state = self.lock();
        let mut effects = Effects::default();
        let result = step(&mut state, &mut effects);
        state.person.take_rows(&self.phone, &mut effects.rows);
        if !effects.rows.is_empty() {
            state.changes = state.changes.saturating_add(1);
        }
        disk.commit(effects);
        result
    }

    /// Reads without changing.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    /// The addresses.
    pub(crate) fn names(&self) -> Names {
        self.read(State::names)
    }

    /// Whoever types holds this, so that messages leave in the order in which they were typed.
    pub(crate) fn turn(&self) -> MutexGuard<'_, ()> {
        self.typing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The keys of one of its devices, 0 being the phone itself.
    pub(crate) fn issue(&self, disk: &Disk, device: u16) -> Option<Bundle> {
        self.with(disk, |state, effects| {
            if device == 0 {
                let bundle = state.person.issue().ok();
                effects.rows.push(state.row());
                return bundle;
            }
            let phone = &self.phone;
            state
                .companions
                .get_mut(&device)
                .map(|companion| companion.issue(phone, effects))
        })
    }

    /// All its devices, the phone itself first.
    pub(crate) fn devices(&self) -> Vec<u16> {
        self.read(|state| {
            std::iter::once(0)
                .chain(state.companions.keys().copied())
                .collect()
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The addresses.
    pub(crate) fn names(&self) -> Names {
        Names {
            phone: self.phone.clone(),
            lid: self.lid.clone(),
            addressing: self.addressing,
        }
    }

    /// The row of the phone itself.
    pub(crate) fn row(&self) -> Row {
        let kept = KeptPhone {
            phone: self.phone.clone(),
            lid: self.lid.clone(),
            name: self.name.clone(),
            addressing: self.addressing,
            person: self.person.to_kept(),
            next_device: self.next_device,
            raw_id: self.raw_id,
            sync_key_id: self.sync_key_id.clone(),
            sync_key: self.sync_key.clone(),
        };
        Row::json(Table::Phone, &self.phone, "", &kept)
    }

    /// How often this phone started a session with that device since we run: a stanza sealed under
    /// an older start needs no new session when it is asked for again.
    pub(crate) fn start(&self, address: &str) -> u32 {
        self.starts.get(address).copied().unwrap_or_default()
    }

    /// Counts a new start.
    pub(crate) fn count_start(&mut self, address: &str) {
        let starts = self.starts.entry(address.to_owned()).or_default();
        *starts = starts.saturating_add(1);
    }

    /// The companion with that number.
    pub(crate) fn companion(&mut self, device: u16) -> Option<&mut Companion> {
        self.companions.get_mut(&device)
    }
}

/// Phones are shared by everything that talks about them.
pub(crate) type SharedPhone = Arc<Phone>;
