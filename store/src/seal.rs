//! Sealing of secrets at rest: the master key, data keys, associated data.
