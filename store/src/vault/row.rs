//! A row of the vault, as it is written and as it is found.

use std::fmt;

use switchyard_core::Timestamp;
use zeroize::Zeroizing;

use super::mapping::Mapping;

/// A sealed row to be written.
#[derive(Clone)]
pub struct Row {
    pub(super) space: &'static str,
    pub(super) key: Vec<u8>,
    pub(super) sub: Vec<u8>,
    pub(super) n: Option<i64>,
    pub(super) expires_at: Option<i64>,
    pub(super) sealed: Vec<u8>,
}

impl Row {
    /// The number by which rows of this space are ordered or merged.
    #[must_use]
    pub fn with_n(self, n: i64) -> Self {
        Self { n: Some(n), ..self }
    }

    /// When the row may go: [`Write::DeleteBefore`] compares it, and the sweep takes what is past it.
    /// A row without one stays.
    #[must_use]
    pub fn with_expiry(self, expires_at: Timestamp) -> Self {
        Self {
            expires_at: Some(expires_at.ms()),
            ..self
        }
    }

    /// Bytes that the row holds in a queue.
    pub fn weight(&self) -> usize {
        self.sealed
            .len()
            .saturating_add(self.key.len())
            .saturating_add(self.sub.len())
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row({}, …)", self.space)
    }
}

/// One change of a session's rows.
#[derive(Debug, Clone)]
pub enum Write {
    /// Inserts or replaces.
    Put(Row),
    /// Inserts or replaces, but keeps the larger `n` and the later expiry; no expiry is the latest.
    Merge(Row),
    /// Deletes one row.
    Delete {
        /// The row's space.
        space: &'static str,
        /// The row's key.
        key: Vec<u8>,
        /// The rest of its key.
        sub: Vec<u8>,
    },
    /// Deletes the rows of a key, whatever their `sub`.
    DeleteKey {
        /// The rows' space.
        space: &'static str,
        /// Their key.
        key: Vec<u8>,
    },
    /// Deletes the rows of a `sub`, whatever their key.
    DeleteSub {
        /// The rows' space.
        space: &'static str,
        /// Their `sub`.
        sub: Vec<u8>,
    },
    /// Deletes all rows of a space.
    DeleteSpace {
        /// The space.
        space: &'static str,
    },
    /// Deletes the rows of a space whose expiry is before an instant.
    DeleteBefore {
        /// The space.
        space: &'static str,
        /// The instant.
        before: Timestamp,
    },
    /// Inserts or replaces the mapping of a LID.
    Learn(Mapping),
}

impl Write {
    /// Bytes that the change holds in a queue.
    pub fn weight(&self) -> usize {
        match self {
            Self::Put(row) | Self::Merge(row) => row.weight(),
            Self::Delete { key, sub, .. } => key.len().saturating_add(sub.len()),
            Self::DeleteKey { key: text, .. } | Self::DeleteSub { sub: text, .. } => text.len(),
            Self::DeleteSpace { .. } | Self::DeleteBefore { .. } => 0,
            Self::Learn(mapping) => mapping.lid.len().saturating_add(mapping.phone.len()),
        }
    }
}

/// A row that was found and opened. The text wipes itself.
pub struct Found {
    /// Its key.
    pub key: Vec<u8>,
    /// The rest of its key.
    pub sub: Vec<u8>,
    /// Its number.
    pub n: Option<i64>,
    /// Its expiry.
    pub expires_at: Option<Timestamp>,
    /// What was sealed.
    pub text: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Found(…)")
    }
}
