//! The Redis server that the tests start themselves: here it is only made sure of.

use anyhow::Result;

use crate::install::{by_apt, find};

/// Installs the server where it is missing.
pub(crate) fn ensure() -> Result<()> {
    match find(&["redis-server"], &[]) {
        Some(_) => Ok(()),
        None => by_apt("Redis", &["redis-server"]),
    }
}
