//! What must work before this process should be sent requests; told by whoever knows, read by `/health/ready`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use utoipa::ToSchema;

/// The state of one thing that the process depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Check {
    /// Whether it works.
    pub(crate) ok: bool,
    /// A few words on it.
    pub(crate) detail: String,
}

impl Check {
    pub(crate) fn good(detail: &str) -> Self {
        Self {
            ok: true,
            detail: detail.to_owned(),
        }
    }

    pub(crate) fn bad(detail: &str) -> Self {
        Self {
            ok: false,
            ..Self::good(detail)
        }
    }
}

/// A shared list of checks by name; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<Told>);

#[derive(Debug, Default)]
struct Told {
    checks: Mutex<BTreeMap<&'static str, Check>>,
    stopping: AtomicBool,
    last_answers: AtomicU64,
}

impl Readiness {
    /// No check yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes how a thing stands; the last word counts.
    pub fn set(&self, name: &'static str, ok: bool, detail: impl Into<String>) {
        let check = Check {
            ok,
            detail: detail.into(),
        };
        self.0
            .checks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name, check);
    }

    /// The process is on its way out: not ready from now on, and each answer of the API is the last on its connection.
    pub fn stopping(&self) {
        self.set("process", false, "stopping");
        self.0.stopping.store(true, Ordering::Relaxed);
    }

    /// How many connections have had their last answer: a count that rests tells that whoever pools connections to this
    /// process has none left that it uses.
    pub fn last_answers(&self) -> u64 {
        self.0.last_answers.load(Ordering::Relaxed)
    }

    /// Whether an answer that is about to be given is the last on its connection, and counted as such.
    pub(crate) fn is_last_answer(&self) -> bool {
        let stopping = self.0.stopping.load(Ordering::Relaxed);
        if stopping {
            self.0.last_answers.fetch_add(1, Ordering::Relaxed);
        }
        stopping
    }

    pub(crate) fn checks(&self) -> BTreeMap<String, Check> {
        let checks = self.0.checks.lock().unwrap_or_else(PoisonError::into_inner);
        checks
            .iter()
            .map(|(name, check)| ((*name).to_owned(), check.clone()))
            .collect()
    }
}
