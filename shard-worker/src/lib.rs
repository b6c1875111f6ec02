//! Placeholder.

pub mod lease;
