//! What must work before this process should be sent requests; told by whoever knows, read by `/health/ready`.

use std::collections::BTreeMap;
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
pub struct Readiness(Arc<Mutex<BTreeMap<&'static str, Check>>>);

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
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name, check);
    }

    /// The process is on its way out: not ready from now on.
    pub fn stopping(&self) {
        self.set("process", false, "stopping");
    }

    pub(crate) fn checks(&self) -> BTreeMap<String, Check> {
        let checks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        checks
            .iter()
            .map(|(name, check)| ((*name).to_owned(), check.clone()))
            .collect()
    }
}
