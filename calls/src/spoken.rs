//! Texts that are read out: cut where a provider would not take them in one piece, and how long they last.

use std::time::Duration;

/// The most bytes of one piece after URL encoding, of the 4,500 that Twilio takes: about 700 Hebrew letters.
const ENCODED_MAX: usize = 4_200;
/// And the most characters: its slowest voices take 3,000.
const CHARS_MAX: usize = 2_900;
/// How long a character is spoken, generously.
const PER_CHARACTER: Duration = Duration::from_millis(90);

/// The text in pieces, each cut after a sentence where there is one, else after a word, else anywhere.
pub(crate) fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let Some((piece, after)) = rest.split_at_checked(fitting(rest)) else {
            pieces.push(rest);
            break;
        };
        pieces.push(piece.trim());
        rest = after.trim_start();
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// How many bytes of the text make the next piece.
fn fitting(text: &str) -> usize {
    let (mut encoded, mut sentence, mut word) = (0_usize, None, None);
    for (count, (at, c)) in text.char_indices().enumerate() {
        encoded += encoded_len(c);
        if encoded > ENCODED_MAX || count >= CHARS_MAX {
            return sentence.or(word).unwrap_or(at);
        }
        let after = at + c.len_utf8();
        if matches!(c, '.' | '!' | '?' | '\n') {
            sentence = Some(after);
        } else if c.is_whitespace() {
            word = Some(after);
        }
    }
    text.len()
}

/// Bytes of a character in a URL.
fn encoded_len(c: char) -> usize {
    if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ') {
        1
    } else {
        c.len_utf8() * 3
    }
}

/// How long a text may take to be spoken.
pub(crate) fn lasts(text: &str) -> Duration {
    let characters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    PER_CHARACTER.saturating_mul(characters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hebrew_text_is_cut_at_700_letters_and_an_english_one_at_2900() {
        let hebrew = "ש".repeat(2_000);
        let lengths: Vec<usize> = pieces(&hebrew)
            .iter()
            .map(|it| it.chars().count())
            .collect();
        assert_eq!(lengths, [700, 700, 600]);
        let english = "a".repeat(3_000);
        let lengths: Vec<usize> = pieces(&english).iter().map(|it| it.len()).collect();
        assert_eq!(lengths, [2_900, 100]);
        assert_eq!(pieces(" \n "), Vec::<&str>::new());
    }

    #[test]
    fn a_cut_comes_after_a_sentence_or_a_word_and_nothing_is_lost() {
        let sentence = "שלום לכם. ";
        let text = sentence.repeat(150);
        let parts = pieces(&text);
        assert!(
            parts.len() > 1 && parts.iter().all(|part| part.ends_with('.')),
            "{parts:?}"
        );
        let words = "מילה ".repeat(400);
        let parts = pieces(&words);
        assert!(parts.iter().all(|part| part.ends_with('ה')));
        assert_eq!(parts.join(" "), words.trim());
    }

    #[test]
    fn how_long_it_is_spoken_grows_with_it() {
        assert_eq!(lasts("שלום"), Duration::from_millis(360));
    }
}
