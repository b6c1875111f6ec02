//! Placeholder.

pub mod lease;
pub mod vault;
