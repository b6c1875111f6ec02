//! Sweeps: what periodically finds lost work and removes what is spent.
