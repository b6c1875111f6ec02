//! An attempt to link a session to a phone: how many codes were shown and until when it lasts.

use std::time::Duration;

use tokio::time::Instant;

/// So many codes one attempt shows. Source: what WhatsApp offers on one connection.
const CODES: u32 = 6;
/// An attempt lasts no longer than this, whatever happens: six codes are over after 160 s.
const LASTS: Duration = Duration::from_mins(5);

/// One attempt.
#[derive(Debug, Default)]
pub(super) struct Attempt {
    reference: Option<String>,
    shown: u32,
    ends_at: Option<Instant>,
    /// WhatsApp asked for a passkey.
    pub(super) passkey: bool,
    /// A phone has linked this device during the attempt.
    pub(super) linked: bool,
}

impl Attempt {
    /// It has begun, unless it had before.
    pub(super) fn begin(&mut self) {
        if self.ends_at.is_none() {
            self.ends_at = Instant::now().checked_add(LASTS);
        }
    }

    /// Sets when it is over.
    pub(super) fn must_end_at(&mut self, instant: Option<Instant>) {
        self.ends_at = instant;
    }

    /// When it is over.
    pub(super) fn ends_at(&self) -> Option<Instant> {
        self.ends_at
    }

    /// A code is shown; answers how many follow. The same reference again is the same code with another secret.
    pub(super) fn show(&mut self, payload: &str) -> u32 {
        let reference = payload.split(',').next().unwrap_or_default();
        if self.reference.as_deref() != Some(reference) {
            self.reference = Some(reference.to_owned());
            self.shown = self.shown.saturating_add(1);
        }
        CODES.saturating_sub(self.shown)
    }

    /// Whether a code was shown.
    pub(super) fn has_shown(&self) -> bool {
        self.shown > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refreshed_code_is_not_another_code() {
        let mut attempt = Attempt::default();
        assert_eq!(attempt.show("one,a,b"), 5);
        assert_eq!(attempt.show("one,a,c"), 5);
        assert_eq!(attempt.show("two,a,c"), 4);
        assert!(attempt.has_shown());
    }
}
