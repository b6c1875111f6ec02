//! `<Gather>`: asks for digits or words.

use std::time::Duration;

use super::super::twiml::Element;
use super::listen::Heard;
use super::{Conversation, Page, Turn};

/// What a `<Gather>` waits for.
struct Wish {
    digits: bool,
    speech: bool,
    most: usize,
    finish: Option<char>,
    timeout: Duration,
}

impl Wish {
    fn of(verb: &Element) -> Self {
        let input = verb.get("input").unwrap_or("dtmf");
        Self {
            digits: input.contains("dtmf"),
            speech: input.contains("speech"),
            most: usize::try_from(verb.number("numDigits", 1_000)).unwrap_or(usize::MAX),
            finish: verb.get("finishOnKey").unwrap_or("#").chars().next(),
            timeout: Duration::from_secs(verb.number("timeout", 5)),
        }
    }
}

/// What was given.
#[derive(Default)]
struct Given {
    digits: String,
    finished: Option<char>,
    speech: Option<(String, f64)>,
}

impl Given {
    /// Takes in what the person did; returns whether that is all.
    fn take(&mut self, heard: Heard, wish: &Wish) -> bool {
        match heard {
            Heard::Digit(key) if wish.digits && wish.finish == Some(key) => {
                self.finished = Some(key);
                true
            }
            Heard::Digit(key) if wish.digits => {
                self.digits.push(key);
                self.digits.len() >= wish.most
            }
            Heard::Speech(text, confidence) if wish.speech && self.digits.is_empty() => {
                self.speech = Some((text, confidence));
                true
            }
            _ => false,
        }
    }

    fn told(self) -> Vec<(String, String)> {
        let mut told = Vec::new();
        if let Some((text, confidence)) = self.speech {
            told.push(("SpeechResult".to_owned(), text));
            told.push(("Confidence".to_owned(), confidence.to_string()));
        } else {
            told.push(("Digits".to_owned(), self.digits));
            let key = self.finished.map(String::from).unwrap_or_default();
            told.push(("FinishedOnKey".to_owned(), key));
        }
        told
    }

    fn is_empty(&self) -> bool {
        self.digits.is_empty() && self.speech.is_none()
    }
}

impl Conversation {
    /// Plays what is nested until the first digit or word, then waits for the rest. Without input the next verb
    /// follows, unless the business wants to know.
    pub(super) async fn gather(&mut self, verb: &Element, page: &Page) -> Result<(), Turn> {
        self.answer();
        let wish = Wish::of(verb);
        let mut given = Given::default();
        let mut done = false;
        for child in &verb.children {
            if let Some(heard) = self.prompt(child, page, true).await? {
                done = given.take(heard, &wish);
                break;
            }
        }
        while !done {
            let until = self.carrier.clock.after(wish.timeout);
            match self.listen(until).await? {
                Some(heard) => done = given.take(heard, &wish),
                None => break,
            }
        }
        if given.is_empty() && !verb.flag("actionOnEmptyResult") {
            return Ok(());
        }
        Err(self.action(verb, page, given.told())?.into())
    }
}
