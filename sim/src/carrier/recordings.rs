//! What callers said after the tone: WAVE files that businesses fetch over REST and delete.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde_json::{Value, json};

use super::sids::rfc2822;

/// How many bytes of sound are kept; past that the oldest recording is forgotten.
const KEPT: usize = 256 * 1024 * 1024;

/// One recording.
#[derive(Clone)]
pub(crate) struct Recording {
    /// Its name: `RE…`.
    pub(crate) sid: String,
    /// Whose it is.
    pub(crate) account: String,
    /// The call in which it was made.
    pub(crate) call: String,
    /// Whole seconds, begun ones count.
    pub(crate) seconds: u64,
    /// When it began.
    pub(crate) start: jiff::Timestamp,
    /// The file.
    pub(crate) wav: Bytes,
    /// Whether it can be fetched yet.
    pub(crate) ready: bool,
}

impl Recording {
    /// As REST shows it.
    pub(crate) fn describe(&self) -> Value {
        let account = &self.account;
        json!({
            "sid": self.sid,
            "account_sid": account,
            "call_sid": self.call,
            "api_version": "2010-04-01",
            "duration": self.seconds.to_string(),
            "channels": 1,
            "source": "RecordVerb",
            "status": if self.ready { "completed" } else { "processing" },
            "date_created": rfc2822(self.start),
            "start_time": rfc2822(self.start),
            "uri": format!("/2010-04-01/Accounts/{account}/Recordings/{}.json", self.sid),
        })
    }
}

/// All recordings.
#[derive(Default)]
pub(crate) struct Recordings {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    next: u64,
    bytes: usize,
    by_place: BTreeMap<u64, Recording>,
}

impl Recordings {
    /// Keeps one.
    pub(crate) fn add(&self, recording: Recording) {
        let mut kept = self.lock();
        kept.bytes += recording.wav.len();
        let place = kept.next;
        kept.next += 1;
        kept.by_place.insert(place, recording);
        while kept.bytes > KEPT
            && let Some((_, oldest)) = kept.by_place.pop_first()
        {
            kept.bytes -= oldest.wav.len();
        }
    }

    /// From now on it can be fetched.
    pub(crate) fn make_ready(&self, sid: &str) {
        let mut kept = self.lock();
        if let Some(recording) = kept.by_place.values_mut().find(|one| one.sid == sid) {
            recording.ready = true;
        }
    }

    /// The recording of that name and account.
    pub(crate) fn get(&self, account: &str, sid: &str) -> Option<Recording> {
        self.list(account, |recording| recording.sid == sid).pop()
    }

    /// The recordings of an account that are wanted, oldest first.
    pub(crate) fn list(
        &self,
        account: &str,
        wanted: impl Fn(&Recording) -> bool,
    ) -> Vec<Recording> {
        let kept = self.lock();
        kept.by_place
            .values()
            .filter(|one| one.account == account && wanted(one))
            .cloned()
            .collect()
    }

    /// Deletes one. Returns whether there was one.
    pub(crate) fn delete(&self, account: &str, sid: &str) -> bool {
        let mut kept = self.lock();
        let place = kept
            .by_place
            .iter()
            .find(|(_, one)| one.account == account && one.sid == sid)
            .map(|(place, _)| *place);
        let gone = place.and_then(|place| kept.by_place.remove(&place));
        if let Some(gone) = &gone {
            kept.bytes -= gone.wav.len();
        }
        gone.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
