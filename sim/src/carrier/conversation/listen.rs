//! Hears the person on the line, and REST, whatever the leg does.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::super::call::{Input, Status};
use super::super::journal::Kind;
use super::{Conversation, Goto, Route, Turn};

/// What a person does.
#[derive(Clone, Debug)]
pub(crate) enum Heard {
    /// Presses a digit.
    Digit(char),
    /// Speaks: the text, and how sure a recogniser is of it.
    Speech(String, f64),
    /// Makes a sound without words.
    Tone(Duration),
    /// Picks up.
    PickUp,
    /// Declines.
    Decline,
}

impl Conversation {
    /// What the person does before `until`; nothing when that comes first.
    pub(super) async fn listen(&mut self, until: Instant) -> Result<Option<Heard>, Turn> {
        loop {
            let input = tokio::select! {
                biased;
                input = self.heard.recv() => input,
                () = tokio::time::sleep_until(until) => return Ok(None),
            };
            // The call itself holds the other end.
            let Some(input) = input else {
                return Err(Turn::Over(Status::Failed));
            };
            if let Some(heard) = self.hear(input)? {
                self.pass_on(&heard);
                return Ok(Some(heard));
            }
        }
    }

    /// Waits for something else; what the person does meanwhile is noted and has no effect, but for hanging up.
    pub(super) async fn while_listening<T>(
        &mut self,
        other: impl Future<Output = T>,
    ) -> Result<T, Turn> {
        tokio::pin!(other);
        loop {
            tokio::select! {
                biased;
                done = &mut other => return Ok(done),
                input = self.heard.recv() => {
                    let input = input.ok_or(Turn::Over(Status::Failed))?;
                    drop(self.hear(input)?);
                }
            }
        }
    }

    fn hear(&self, input: Input) -> Result<Option<Heard>, Turn> {
        let answered = self.call.status() == Status::InProgress;
        let note = |kind, about| self.call.journal.note(kind, about);
        match input {
            Input::Digit(digit) => {
                note(Kind::Digit, json!({ "digit": digit }));
                Ok(Some(Heard::Digit(digit)))
            }
            Input::Speech(text, confidence) => {
                note(
                    Kind::Spoke,
                    json!({ "text": text, "confidence": confidence }),
                );
                Ok(Some(Heard::Speech(text, confidence)))
            }
            Input::Tone(length) => {
                note(
                    Kind::Spoke,
                    json!({ "tone_ms": u64::try_from(length.as_millis()).unwrap_or(u64::MAX) }),
                );
                Ok(Some(Heard::Tone(length)))
            }
            Input::HangUp | Input::Complete if answered => Err(Turn::Over(Status::Completed)),
            Input::HangUp => Err(Turn::Over(Status::NoAnswer)),
            Input::Complete => Err(Turn::Over(Status::Canceled)),
            Input::Cancel if !answered => Err(Turn::Over(Status::Canceled)),
            Input::Redirect(target) if answered => Err(Goto {
                target,
                route: Route::Action,
                told: Vec::new(),
            }
            .into()),
            Input::PickUp if !answered => Ok(Some(Heard::PickUp)),
            Input::Decline if !answered => Ok(Some(Heard::Decline)),
            Input::Redirect(_) | Input::Cancel | Input::PickUp | Input::Decline => Ok(None),
        }
    }
}
