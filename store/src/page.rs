//! One page of a list.

/// Some rows and where the next page begins.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The rows of this page.
    pub data: Vec<T>,
    /// What to pass as the cursor for the next page; `None` on the last.
    pub next_cursor: Option<String>,
}
