//! Speaks to the caller: texts, and silence.

use std::time::Duration;

use serde_json::json;

use super::super::courier::Order;
use super::super::journal::Kind;
use super::super::sids::idempotency_token;
use super::super::sound;
use super::super::twiml::Element;
use super::listen::Heard;
use super::{Conversation, Page, Route, Turn};

/// How long a character of a text takes, and the longest text.
const CHARACTER: Duration = Duration::from_millis(90);
const LONGEST: Duration = Duration::from_mins(2);

/// The largest sound: ten minutes of a telephone's samples of 16 bits.
const SOUND: usize = 10 * 1024 * 1024;

/// How often a text is repeated when its loop has no end: until the caller hangs up, but not for ever.
const ENDLESS: u64 = 1_000;

impl Conversation {
    /// Performs one `Say`, `Play` or `Pause`. Returns what the person did if that `interrupts` it.
    pub(super) async fn prompt(
        &mut self,
        verb: &Element,
        page: &Page,
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
            _ => self.play(verb, page, times, interrupts).await,
        }
    }

    /// Fetches a sound and plays it; what is no sound that can be read is a complaint, and the next verb follows.
    async fn play(
        &mut self,
        verb: &Element,
        page: &Page,
        times: u64,
        interrupts: bool,
    ) -> Result<Option<Heard>, Turn> {
        if verb.words().is_empty() {
            return Ok(None);
        }
        let order = Order {
            address: self.address(page, verb.words())?,
            method: reqwest::Method::GET,
            form: Vec::new(),
            token: self.call.parties.account.token.clone(),
            idempotency: idempotency_token(),
            largest: SOUND,
        };
        let answer = match self.ask(Route::Sound, order, Vec::new()).await? {
            Ok(answer) if answer.status == 200 && !answer.body.is_empty() => answer,
            Ok(_) | Err(_) => {
                self.complain(11200, "the sound cannot be had");
                return Ok(None);
            }
        };
        let length = sound::duration(&answer.content_type, &answer.body);
        if length.is_none() {
            let why = format!(
                "{} is no sound that this network reads",
                answer.content_type
            );
            self.complain(12300, &why);
        }
        self.call.journal.note(
            Kind::Played,
            json!({
                "url": answer.url.as_str(),
                "content_type": answer.content_type,
                "bytes": answer.body.len(),
                "sha256": sound::sha256(&answer.body),
                "took_ms": length.map(|length| u64::try_from(length.as_millis()).unwrap_or(u64::MAX)),
            }),
        );
        self.last(length.unwrap_or_default(), times, interrupts)
            .await
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
