//! Pages of lists: `{data, next_cursor}`.

use serde::Serialize;
use store::Page;
use utoipa::ToSchema;

use crate::problem::Problem;

/// Rows of a page when the request names no limit.
const DEFAULT: u32 = 50;
/// The most rows of a page.
const MAX: u32 = 200;

/// One page of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// The rows of this page.
    pub(crate) data: Vec<T>,
    /// Pass it as `cursor` for the next page; `null` on the last.
    pub(crate) next_cursor: Option<String>,
}

impl<T> From<Page<T>> for List<T> {
    fn from(page: Page<T>) -> Self {
        Self {
            data: page.data,
            next_cursor: page.next_cursor,
        }
    }
}

/// The most characters of a search: nobody types more, and a text is compared with every one.
const SEARCH_MAX_CHARS: usize = 200;

/// What to search for; nothing when it is blank.
pub(crate) fn search(asked: Option<String>) -> Result<Option<String>, Problem> {
    let asked = asked.filter(|q| !q.trim().is_empty());
    if (asked.as_deref()).is_some_and(|q| q.chars().count() > SEARCH_MAX_CHARS) {
        return Err(Problem::invalid("q has at most 200 characters"));
    }
    Ok(asked)
}

/// How many rows to answer.
pub(crate) fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    let limit = asked.unwrap_or(DEFAULT);
    if (1..=MAX).contains(&limit) {
        Ok(limit)
    } else {
        Err(Problem::invalid("limit is 1 to 200"))
    }
}
