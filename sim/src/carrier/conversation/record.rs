//! `<Record>`: keeps what the caller says after the tone.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokio::time::Instant;

use super::super::address::Address;
use super::super::courier::{DOCUMENT, Order};
use super::super::journal::Kind;
use super::super::notices::deliver;
use super::super::recordings::Recording;
use super::super::sids::{idempotency_token, rfc2822, sid};
use super::super::twiml::Element;
use super::super::{Route, sound};
use super::listen::Heard;
use super::speak::spoken;
use super::{Conversation, Page, Turn, method};

/// How long after the end of a recording its file is there, in milliseconds of a call.
const READY: std::ops::Range<u64> = 1_000..5_000;

/// How a recording ended.
enum End {
    /// By that key, or by silence or its longest time.
    Done(Option<char>),
    /// The caller hung up, or REST took the call away.
    Gone(Turn),
}

impl Conversation {
    /// Records, then goes to the action. Of silence nothing is kept, and the next verb follows.
    pub(super) async fn record(&mut self, verb: &Element, page: &Page) -> Result<(), Turn> {
        self.answer();
        let start = jiff::Timestamp::now();
        let (sound, end) = self.record_sound(verb).await;
        if sound.is_empty() || self.is_faulty(crate::faults::Kind::RecordingAbsent) {
            self.tell_of_recording(verb, page, None)?;
            return match end {
                End::Done(_) => Ok(()),
                End::Gone(turn) => Err(turn),
            };
        }
        let recording = self.keep(&sound, start);
        self.tell_of_recording(verb, page, Some(&recording))?;
        let digits = match &end {
            End::Done(key) => key.map(String::from).unwrap_or_default(),
            End::Gone(_) => "hangup".to_owned(),
        };
        let told = vec![
            ("RecordingSid".to_owned(), recording.sid.clone()),
            (
                "RecordingUrl".to_owned(),
                self.carrier.recording_url(&recording),
            ),
            (
                "RecordingDuration".to_owned(),
                recording.seconds.to_string(),
            ),
            ("Digits".to_owned(), digits),
        ];
        let action = self.action(verb, page, told)?;
        match end {
            End::Done(_) => Err(action.into()),
            End::Gone(Turn::Over(status)) => {
                self.last_words.push(action);
                Err(Turn::Over(status))
            }
            End::Gone(turn) => Err(turn),
        }
    }

    async fn record_sound(&mut self, verb: &Element) -> (Vec<u8>, End) {
        let keys = verb.get("finishOnKey").unwrap_or("1234567890*#").to_owned();
        let longest = Duration::from_secs(verb.number("maxLength", 3_600));
        let silence = match verb.number("timeout", 5) {
            0 => longest,
            seconds => Duration::from_secs(seconds),
        };
        let last = self.carrier.clock.after(longest);
        let mut sound = Vec::new();
        let mut speaks_until = Instant::now();
        let end = loop {
            let quiet = speaks_until.max(Instant::now()) + self.carrier.clock.here(silence);
            let words = match self.listen(quiet.min(last)).await {
                Ok(None) => break End::Done(None),
                Ok(Some(Heard::Digit(key))) if keys.contains(key) => break End::Done(Some(key)),
                Ok(Some(Heard::Speech(text, _))) => sound::speech(&text, spoken(&text)),
                Ok(Some(Heard::Tone(length))) => sound::speech("", length),
                Ok(Some(_)) => continue,
                Err(turn) => break End::Gone(turn),
            };
            let length = sound::length(words.len());
            speaks_until = speaks_until.max(Instant::now()) + self.carrier.clock.here(length);
            sound.extend(words);
            if sound::length(sound.len()) >= longest {
                break End::Done(None);
            }
        };
        sound.truncate(sound::samples(longest));
        (sound, end)
    }

    fn keep(&self, sound: &[u8], start: jiff::Timestamp) -> Recording {
        let wav = Bytes::from(sound::wav(sound));
        let recording = Recording {
            sid: sid("RE"),
            account: self.call.parties.account.sid.clone(),
            call: self.call.sid.clone(),
            seconds: u64::try_from(sound.len().div_ceil(sound::SECOND)).unwrap_or(u64::MAX),
            start,
            wav,
            ready: false,
        };
        self.call.journal.note(
            Kind::Recorded,
            json!({
                "recording": recording.sid,
                "seconds": recording.seconds,
                "bytes": recording.wav.len(),
                "sha256": sound::sha256(&recording.wav),
            }),
        );
        self.carrier.recordings.add(recording.clone());
        recording
    }

    /// Some seconds later the file is there, and whoever asked for it is told; nothing was kept of silence.
    fn tell_of_recording(
        &self,
        verb: &Element,
        page: &Page,
        recording: Option<&Recording>,
    ) -> Result<(), Turn> {
        let status = if recording.is_some() {
            "completed"
        } else {
            "absent"
        };
        let events = verb
            .get("recordingStatusCallbackEvent")
            .unwrap_or("completed");
        let wanted = events.split(' ').any(|event| event == status);
        let address = verb
            .get("recordingStatusCallback")
            .filter(|_| wanted)
            .map(|text| self.address(page, text))
            .transpose()?;
        let order = address.map(|address| {
            self.recording_order(
                address,
                method(verb, "recordingStatusCallbackMethod"),
                status,
                recording,
            )
        });
        let (carrier, call) = (Arc::clone(&self.carrier), Arc::clone(&self.call));
        let sid = recording.map(|recording| recording.sid.clone());
        let after = Duration::from_millis(rand::random_range(READY));
        self.carrier.spawn(async move {
            carrier.clock.sleep(after).await;
            if let Some(sid) = sid {
                carrier.recordings.make_ready(&sid);
            }
            if let Some(order) = order {
                deliver(&carrier, &call, Route::Recording, &order, &order.form).await;
            }
        });
        Ok(())
    }

    fn recording_order(
        &self,
        address: Address,
        method: reqwest::Method,
        status: &str,
        recording: Option<&Recording>,
    ) -> Order {
        let name = recording.map_or_else(|| sid("RE"), |recording| recording.sid.clone());
        let start = recording.map_or_else(jiff::Timestamp::now, |recording| recording.start);
        let seconds = recording.map_or(0, |recording| recording.seconds);
        let url = recording.map_or_else(String::new, |one| self.carrier.recording_url(one));
        let account = &self.call.parties.account;
        let form = [
            ("AccountSid", account.sid.clone()),
            ("CallSid", self.call.sid.clone()),
            ("RecordingSid", name),
            ("RecordingUrl", url),
            ("RecordingStatus", status.to_owned()),
            ("RecordingDuration", seconds.to_string()),
            ("RecordingChannels", "1".to_owned()),
            ("RecordingStartTime", rfc2822(start)),
            ("RecordingSource", "RecordVerb".to_owned()),
            ("RecordingTrack", "inbound".to_owned()),
        ];
        Order {
            address,
            method,
            form: form.map(|(name, value)| (name.to_owned(), value)).into(),
            token: account.token.clone(),
            idempotency: idempotency_token(),
            largest: DOCUMENT,
        }
    }
}
