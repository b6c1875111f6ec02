//! Logs of libraries without whom and what they are about: numbers, ids and keys in their lines become dots.

use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;

/// Marks a line that came from a library through the `log` crate; ours carry no such field.
const FOREIGN: &str = "\"log.target\"";

/// Where a line tells in whose span it stands: the last that it says.
const SPAN: &str = ",\"span\":{";

/// A phone number has at least seven digits, a LID, a key or an id more.
const TELLING: usize = 7;

/// Stderr, for one line at a time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Discreet;

impl<'a> MakeWriter<'a> for Discreet {
    type Writer = Self;

    fn make_writer(&'a self) -> Self::Writer {
        Self
    }
}

impl Write for Discreet {
    /// The formatter hands over each line whole.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        if text.contains(FOREIGN) {
            // Within quotes these characters are escaped, so no library can write them. What follows is ours.
            let (theirs, ours) = text.split_at(text.rfind(SPAN).unwrap_or(text.len()));
            io::stderr().write_all(format!("{}{ours}", masked(theirs)).as_bytes())?;
        } else {
            io::stderr().write_all(line)?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// The text with every long number and every long row of hexadecimal digits replaced.
fn masked(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut word = String::new();
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() {
            word.push(letter);
            continue;
        }
        shown.push_str(mask(&word));
        word.clear();
        shown.push(letter);
    }
    shown.push_str(mask(&word));
    shown
}

fn mask(word: &str) -> &str {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let is_hexadecimal = word.bytes().all(|byte| byte.is_ascii_hexdigit());
    if word.len() >= TELLING && is_hexadecimal && digits > 0 {
        "…"
    } else {
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_keys_are_masked_and_the_rest_is_kept() {
        let line = r#"{"timestamp":"2026-11-21T12:10:45.563123Z","message":"No session for 538268380855408@lid.0, key 91171dc8894c3f88 counter 10","log.target":"wacore_libsignal"}"#;
        let shown = masked(line);
        assert!(
            !shown.contains("538268") && !shown.contains("91171d"),
            "{shown}"
        );
        assert!(shown.contains("2026-11-21T12:10:45.563123Z"), "{shown}");
        assert!(
            shown.contains("No session for …@lid.0, key … counter 10"),
            "{shown}"
        );
        assert!(masked("+447700900201 said").starts_with("+… said"));
    }
}
