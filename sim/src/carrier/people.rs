//! What people do on the telephone: a script of the person who calls, and of those who are called.
//!
//! A script has one step a line:
//!
//! ```text
//! wait 2s                      press 1            say "hello" (conf 0.92)
//! tone 7s                      stay silent        hangup
//! expect say ~ "welcome"       expect verb Gather
//! callee +972501234567 answers after 6s, press 1, wait 20s, hangup
//! callee +972501234568 busy    callee +972501234569 no-answer    callee +972501234560 rejects
//! ```

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::Carrier;
use super::call::{Call, Input};
use super::exchange::is_e164;
use super::journal::Kind;

/// The longest script, in steps, and the longest single time.
const STEPS: usize = 200;
const LONGEST: Duration = Duration::from_hours(4);

/// How long a caller waits for what the script expects, in the time of the call; then the caller hangs up.
const PATIENCE: Duration = Duration::from_mins(2);

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// Does nothing for a time.
    Wait(Duration),
    /// Presses digits.
    Press(String),
    /// Says something that a recogniser is so sure of.
    Say(String, f64),
    /// Makes a sound without words.
    Tone(Duration),
    /// Waits until something is said that contains this.
    ExpectSaid(String),
    /// Waits until a verb of that name begins.
    ExpectVerb(String),
    /// Hangs up.
    HangUp,
}

/// What somebody does who is called.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Callee {
    /// Answers after a time, and then follows a script.
    Answers(Duration, Vec<Step>),
    /// Is busy.
    Busy,
    /// Lets it ring.
    NoAnswer,
    /// Declines.
    Rejects,
    /// Nobody has that number.
    Unknown,
    /// Somebody at the page of the simulator decides.
    Person,
}

/// The script of one call.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Script {
    /// What the caller does, in order.
    pub(crate) steps: Vec<Step>,
    /// What others do when this call reaches them.
    pub(crate) callees: Vec<(String, Callee)>,
}

impl Script {
    /// Reads a script; an error names the line.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut script = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            ensure!(
                script.steps.len() + script.callees.len() < STEPS,
                "a script has at most {STEPS} steps"
            );
            if let Some(rest) = line.strip_prefix("callee ") {
                let (phone, does) = rest.trim().split_once(' ').context(line.to_owned())?;
                ensure!(is_e164(phone), "{line}: not a number");
                script
                    .callees
                    .push((phone.to_owned(), Callee::parse(does)?));
            } else if line != "stay silent" {
                script.steps.push(Step::parse(line)?);
            }
        }
        Ok(script)
    }
}

impl Callee {
    /// Reads what somebody does: `answers after 6s, press 1`, `busy`, `no-answer`, `rejects`, `unknown`, `person`.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut parts = text.split(',').map(str::trim);
        let first = parts.next().unwrap_or_default();
        let callee = match first {
            "busy" => Self::Busy,
            "no-answer" => Self::NoAnswer,
            "rejects" => Self::Rejects,
            "unknown" => Self::Unknown,
            "person" => Self::Person,
            _ => {
                let rest = first
                    .strip_prefix("answers")
                    .context(text.to_owned())?
                    .trim();
                let after = match rest.strip_prefix("after ") {
                    Some(after) => time(after)?,
                    None if rest.is_empty() => Duration::from_secs(2),
                    None => bail!("{text}: after how long?"),
                };
                let steps = parts.by_ref().filter(|part| *part != "stay silent");
                Self::Answers(after, steps.map(Step::parse).collect::<Result<_, _>>()?)
            }
        };
        ensure!(
            parts.next().is_none(),
            "{text}: who does not answer does nothing else"
        );
        Ok(callee)
    }
}

impl Step {
    fn parse(line: &str) -> anyhow::Result<Self> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        Ok(match word {
            "wait" => Self::Wait(time(rest)?),
            "tone" => Self::Tone(time(rest)?),
            "hangup" if rest.is_empty() => Self::HangUp,
            "press" => {
                ensure!(
                    !rest.is_empty()
                        && rest.len() <= 50
                        && rest.chars().all(|key| "0123456789*#".contains(key)),
                    "{line}: 1 to 50 of 0123456789*#"
                );
                Self::Press(rest.to_owned())
            }
            "say" => {
                let (text, rest) = quoted(rest).with_context(|| line.to_owned())?;
                let sure = rest
                    .trim()
                    .strip_prefix("(conf ")
                    .and_then(|rest| rest.strip_suffix(')'));
                ensure!(
                    rest.trim().is_empty() || sure.is_some(),
                    "{line}: what follows the text?"
                );
                let sure: f64 = sure.unwrap_or("0.9").trim().parse()?;
                ensure!(
                    (0.0..=1.0).contains(&sure),
                    "{line}: a confidence is between 0 and 1"
                );
                Self::Say(text.to_owned(), sure)
            }
            "expect" => {
                if let Some(verb) = rest.strip_prefix("verb ") {
                    Self::ExpectVerb(verb.trim().to_owned())
                } else {
                    let text = rest.strip_prefix("say ~").context(line.to_owned())?;
                    Self::ExpectSaid(
                        quoted(text.trim())
                            .with_context(|| line.to_owned())?
                            .0
                            .to_owned(),
                    )
                }
            }
            _ => bail!("there is no step {line}"),
        })
    }

    /// As the ledger shows it.
    fn describe(&self) -> String {
        match self {
            Self::Wait(time) => format!("wait {time:?}"),
            Self::Press(digits) => format!("press {digits}"),
            Self::Say(text, _) => format!("say {text}"),
            Self::Tone(time) => format!("tone {time:?}"),
            Self::ExpectSaid(text) => format!("expect say ~ {text}"),
            Self::ExpectVerb(verb) => format!("expect verb {verb}"),
            Self::HangUp => "hangup".to_owned(),
        }
    }
}

fn time(text: &str) -> anyhow::Result<Duration> {
    let millis = if let Some(ms) = text.strip_suffix("ms") {
        ms.trim().parse::<f64>()? / 1_000.0
    } else {
        let seconds = text.strip_suffix('s');
        seconds
            .with_context(|| format!("{text}: no time such as 2s or 500ms"))?
            .trim()
            .parse()?
    };
    let time = Duration::try_from_secs_f64(millis)?;
    ensure!(time <= LONGEST, "{text} is too long");
    Ok(time)
}

fn quoted(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('"')?.split_once('"')
}

/// Follows a script until it or the call ends; what it expects and does not come true ends the call.
pub(crate) async fn follow(carrier: &Carrier, call: &Arc<Call>, steps: Vec<Step>) {
    let mut seen = 0;
    for step in steps {
        let came_true = tokio::select! {
            () = call.ended() => return,
            done = take(carrier, call, &step, &mut seen) => done,
        };
        call.journal.note(
            Kind::Script,
            json!({ "step": step.describe(), "ok": came_true }),
        );
        if !came_true {
            call.tell(Input::HangUp);
            return;
        }
    }
}

async fn take(carrier: &Carrier, call: &Call, step: &Step, seen: &mut usize) -> bool {
    match step {
        Step::Wait(time) => {
            carrier.clock.sleep(*time).await;
            true
        }
        Step::Press(digits) => digits.chars().all(|key| call.tell(Input::Digit(key))),
        Step::Say(text, sure) => call.tell(Input::Speech(text.clone(), *sure)),
        Step::Tone(length) => call.tell(Input::Tone(*length)),
        Step::HangUp => call.tell(Input::HangUp),
        Step::ExpectVerb(verb) => {
            let begins = |entry: &Value| entry["kind"] == "verb" && entry["verb"] == verb.as_str();
            expect(carrier, call, seen, begins).await
        }
        Step::ExpectSaid(text) => {
            let wanted = text.to_lowercase();
            let contains = |entry: &Value| {
                let said = entry["text"].as_str().unwrap_or_default();
                entry["kind"] == "said" && said.to_lowercase().contains(&wanted)
            };
            expect(carrier, call, seen, contains).await
        }
    }
}

/// Waits for an entry after those that were `seen`; returns whether it came in time.
async fn expect(
    carrier: &Carrier,
    call: &Call,
    seen: &mut usize,
    wanted: impl Fn(&Value) -> bool + Send + Sync,
) -> bool {
    let found = call.journal.wait(*seen, wanted);
    match timeout(carrier.clock.here(PATIENCE), found).await {
        Ok(place) => {
            *seen = place;
            true
        }
        Err(_elapsed) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_read_line_by_line() {
        let script = Script::parse(
            "expect say ~ \"welcome\"\n wait 500ms\npress 12#\nsay \"hello there\" (conf 0.5)\n\nstay silent\n\
             callee +972501234567 answers after 6s, press 1, hangup\ncallee +972501234568 busy\nhangup",
        )
        .unwrap();
        assert_eq!(
            script.steps,
            [
                Step::ExpectSaid("welcome".to_owned()),
                Step::Wait(Duration::from_millis(500)),
                Step::Press("12#".to_owned()),
                Step::Say("hello there".to_owned(), 0.5),
                Step::HangUp,
            ]
        );
        let steps = vec![Step::Press("1".to_owned()), Step::HangUp];
        assert_eq!(
            script.callees[0].1,
            Callee::Answers(Duration::from_secs(6), steps)
        );
        assert_eq!(script.callees[1].1, Callee::Busy);
    }

    #[test]
    fn a_line_that_means_nothing_is_refused() {
        for wrong in [
            "dance",
            "wait",
            "wait 2",
            "wait -2s",
            "press a",
            "say hello",
            "say \"x\" loudly",
            "expect",
            "expect say welcome",
            "callee 5 busy",
            "callee +97250123456 sleeps",
            "callee +97250123456 busy, press 1",
            "tone 99999999s",
        ] {
            assert!(Script::parse(wrong).is_err(), "{wrong}");
        }
    }
}
