//! Frames that know when they were due: the first bytes of their audio are instants of this process.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::time::Instant;

/// How often there is a frame, and its bytes: 20 ms of mu-law, 8,000 a second.
pub(super) const INTERVAL: Duration = Duration::from_millis(20);
const BYTES: usize = 160;
/// What silence is in mu-law.
const SILENCE: u8 = 0xff;
/// Base64 of the first 18 bytes, in which both instants are.
const STAMPED: usize = 24;

static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The instant in microseconds of this process.
pub(super) fn micros(instant: Instant) -> u64 {
    let since = instant.saturating_duration_since(*ORIGIN);
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}

/// When a frame was due at the provider, and when it left where it came from last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) due: u64,
    pub(super) left: u64,
}

impl Stamp {
    /// The audio of a frame.
    pub(super) fn payload(self) -> String {
        let mut audio = Vec::with_capacity(BYTES);
        audio.extend(self.due.to_be_bytes());
        audio.extend(self.left.to_be_bytes());
        audio.resize(BYTES, SILENCE);
        STANDARD.encode(audio)
    }

    /// That of a message with audio; `None` for others.
    pub(super) fn read(message: &str) -> Option<Self> {
        let (_, payload) = message.split_once(r#""payload":""#)?;
        let bytes = STANDARD.decode(payload.get(..STAMPED)?).ok()?;
        let (due, rest) = bytes.split_first_chunk::<8>()?;
        let (left, _) = rest.split_first_chunk::<8>()?;
        Some(Self {
            due: u64::from_be_bytes(*due),
            left: u64::from_be_bytes(*left),
        })
    }

    /// Microseconds since it left.
    pub(super) fn age(self) -> u32 {
        let age = micros(Instant::now()).saturating_sub(self.left);
        u32::try_from(age).unwrap_or(u32::MAX)
    }
}

/// The frames that count: those that were due in it.
#[derive(Debug)]
pub(super) struct Window {
    from: AtomicU64,
    until: AtomicU64,
}

impl Default for Window {
    fn default() -> Self {
        LazyLock::force(&ORIGIN);
        Self {
            from: AtomicU64::new(u64::MAX),
            until: AtomicU64::new(u64::MAX),
        }
    }
}

impl Window {
    pub(super) fn begin(&self) {
        self.from.store(micros(Instant::now()), Ordering::SeqCst);
    }

    pub(super) fn end(&self) {
        self.until.store(micros(Instant::now()), Ordering::SeqCst);
    }

    pub(super) fn holds(&self, due: u64) -> bool {
        (self.from.load(Ordering::SeqCst)..self.until.load(Ordering::SeqCst)).contains(&due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_tells_when_it_was_due_and_when_it_left() {
        let stamp = Stamp { due: 7, left: 9 };
        let message = format!(
            r#"{{"event":"media","media":{{"payload":"{}"}}}}"#,
            stamp.payload()
        );
        assert_eq!(Stamp::read(&message), Some(stamp));
        assert_eq!(Stamp::read(r#"{"event":"stop"}"#), None);
        assert_eq!(Stamp::read(r#"{"media":{"payload":"AA=="}}"#), None);
    }

    #[test]
    fn only_frames_that_were_due_in_the_window_count() {
        let window = Window::default();
        assert!(!window.holds(micros(Instant::now())));
        window.begin();
        assert!(window.holds(window.from.load(Ordering::SeqCst)));
        window.end();
        assert!(!window.holds(window.until.load(Ordering::SeqCst)));
    }
}
