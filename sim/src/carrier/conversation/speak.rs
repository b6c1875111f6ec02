//! Speaks to the caller: texts, and silence.

use std::time::Duration;

use serde_json::json;

use super::super::journal::Kind;
use super::super::twiml::Element;
use super::listen::Heard;
use super::{Conversation, Page, Turn};

/// How long a character of a text takes, and the longest text.
const CHARACTER: Duration = Duration::from_millis(90);
const LONGEST: Duration = Duration::from_mins(2);

/// How often a text is repeated when its loop has no end: until the caller hangs up, but not for ever.
const ENDLESS: u64 = 1_000;

impl Conversation {
    /// Performs one `Say`, `Play` or `Pause`. Returns what the person did if that `interrupts` it.
    pub(super) async fn prompt(
        &mut self,
        verb: &Element,
        _page: &Page,
        interrupts: bool,
    ) -> Result<Option<Heard>, Turn> {
        let times = match verb.number("loop", 1) {
            0 => ENDLESS,
            times => times,
        };
        match verb.name.as_str() {
            "Say" => {
                let length = spoken(verb.words());
                self.call.journal.note(
                    Kind::Said,
                    json!({
                        "text": verb.words(),
                        "language": verb.get("language"),
                        "voice": verb.get("voice"),
                        "took_ms": u64::try_from(length.as_millis()).unwrap_or(u64::MAX),
                    }),
                );
                self.last(length, times, interrupts).await
            }
            "Pause" => {
                let length = Duration::from_secs(verb.number("length", 1));
                self.last(length, 1, interrupts).await
            }
            _ => Ok(None),
        }
    }

    /// Lasts `length`, so many times, unless the person interrupts it.
    pub(super) async fn last(
        &mut self,
        length: Duration,
        times: u64,
        interrupts: bool,
    ) -> Result<Option<Heard>, Turn> {
        let times = u32::try_from(times).unwrap_or(1);
        let until = self.carrier.clock.after(length.saturating_mul(times));
        while let Some(heard) = self.listen(until).await? {
            if interrupts {
                return Ok(Some(heard));
            }
        }
        Ok(None)
    }
}

/// How long a text takes to be said.
pub(super) fn spoken(text: &str) -> Duration {
    let characters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    CHARACTER.saturating_mul(characters).min(LONGEST)
}
