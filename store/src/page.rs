//! One page of a list, the cursor to the next, and search patterns.

use uuid::Uuid;

use crate::{Error, Result};

/// Some rows and where the next page begins.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The rows of this page.
    pub data: Vec<T>,
    /// What to pass as the cursor for the next page; `None` on the last.
    pub next_cursor: Option<String>,
}

/// The last row of a page: its instant, where the list is ordered by one, and its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    pub(crate) at: i64,
    pub(crate) id: Uuid,
}

impl Cursor {
    /// Reads a cursor as a page gave it.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let (at, id) = text.split_once('.').ok_or(Error::InvalidCursor)?;
        Ok(Self {
            at: at.parse().map_err(|_not_a_number| Error::InvalidCursor)?,
            id: Uuid::try_parse(id).map_err(|_not_an_id| Error::InvalidCursor)?,
        })
    }

    /// Of rows fetched with one more than `limit`: drops that one and answers the cursor to continue from.
    pub(crate) fn next<R>(
        rows: &mut Vec<R>,
        limit: u32,
        of: impl FnOnce(&R) -> Self,
    ) -> Option<String> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if rows.len() <= limit {
            return None;
        }
        rows.truncate(limit);
        let last = of(rows.last()?);
        Some(format!("{}.{}", last.at, last.id.simple()))
    }
}

/// A text as searches compare it: every letter in lower case, whatever its script.
fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// The text as searches compare it, where `lower` does not already make it so on every engine: SQLite's knows ASCII
/// alone.
pub(crate) fn folded(text: &str) -> Option<String> {
    let folded = fold(text);
    (folded != text.to_ascii_lowercase()).then_some(folded)
}

/// What `like … escape '\'` finds wherever `q` stands, folded.
pub(crate) fn pattern(q: &str) -> String {
    let mut pattern = String::from("%");
    for c in fold(q.trim()).chars().filter(|c| *c != '\0') {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_rubbish_is_refused() {
        let mut rows: Vec<u8> = vec![1, 2, 3];
        let id = Uuid::from_u128(7);
        let next = Cursor::next(&mut rows, 2, |_| Cursor { at: 5, id }).unwrap();
        assert_eq!(rows, [1, 2]);
        assert_eq!(Cursor::parse(&next).unwrap(), Cursor { at: 5, id });
        assert!(Cursor::next(&mut rows, 2, |_| Cursor { at: 5, id }).is_none());
        for text in ["", "5", "x.y", "5.zz"] {
            assert!(Cursor::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_letters_that_ascii_does_not_know_are_kept_folded() {
        assert_eq!(folded("Shalom שלום 123"), None);
        assert_eq!(folded("Élodie ÅSA").as_deref(), Some("élodie åsa"));
    }

    #[test]
    fn what_people_type_is_found_as_it_stands() {
        assert_eq!(pattern(" 50%_A\\ "), "%50\\%\\_a\\\\%");
    }
}
